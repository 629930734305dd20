// SPDX-License-Identifier: Apache-2.0
// The documented error codes of SCM, PCA and the gateway with their HTTP status and text.
// Source: API reference issue 4 of 2025-05-26, appendix A.2; gateway codes from the signature
// guide.
#include "service/error_codes.h"

#include <algorithm>
#include <array>

#include "service/refusal.h"

namespace emulator {
namespace {

constexpr ErrorCode kCodes[] = {
    {"SCM.0003", 400, "Tenant has no privilege."},
    {"SCM.0005", 400, "Incorrect request parameter."},
    {"SCM.0006", 400,
     "The uploaded certificate failed to be resolved. Ensure that the uploaded certificate has "
     "been issued."},
    {"SCM.0008", 400, "Abnormal certificate ID"},
    {"SCM.0009", 400,
     "Failed to upload the certificate because no domain name is bound to the certificate."},
    {"SCM.0010", 400, "This operation is not allowed by the current certificate type or status."},
    {"SCM.0011", 400,
     "The max number of free certificates for the current user has been reached, and you cannot "
     "continue to purchase free certificates."},
    {"SCM.0012", 400,
     "The uploaded private key failed to be resolved. Ensure that the certificate has been "
     "issued."},
    {"SCM.0014", 400, "The uploaded certificate does not match the private key."},
    {"SCM.0015", 400,
     "The number or format of domain names entered does not meet the requirements of the your "
     "certificate."},
    {"SCM.0016", 400, "Failed to order."},
    {"SCM.0020", 400, "Incorrect certificate ID."},
    {"SCM.0023", 400, "Modify key format error."},
    {"SCM.0024", 400, "Modify value format error."},
    {"SCM.0025", 400, "Exceed the limit"},
    {"SCM.0026", 400, "Revoke cert error"},
    {"SCM.0027", 400, "Have no revoke reason"},
    {"SCM.0028", 400, "Push cert error"},
    {"SCM.0030", 400, "Certificates cannot be pushed to this service."},
    {"SCM.0031", 400, "Certificate parsing error."},
    {"SCM.0032", 400, "Incorrect certificate name."},
    {"SCM.0033", 400, "Csr not bind domain."},
    {"SCM.0034", 400, "Csr parse error."},
    {"SCM.0035", 400, "Csr domain not match input domain."},
    {"SCM.0036", 400, "Domain number not match product."},
    {"SCM.0039", 400, "The updated quota value must be greater than the currently used quota."},
    {"SCM.0042", 400, "Cert has expired."},
    {"SCM.0044", 400, "Permission denied,please obtain {0} permission."},
    {"SCM.0049", 400, "Cert brand error."},
    {"SCM.0050", 400, "Cert type error."},
    {"SCM.0051", 400, "Domain type error."},
    {"SCM.0052", 400, "Cert effective time error."},
    {"SCM.0059", 400, "The certificate private key is empty."},
    {"SCM.0060", 400, "Order number error."},
    {"SCM.0061", 400, "Region parameter error."},
    {"SCM.0063", 400, "Duplicate domain error."},
    {"SCM.0064", 400, "The order is executing."},
    {"SCM.0065", 400, "File size exceeds limit."},
    {"SCM.0066", 400, "Current domain type not allowed to operate."},
    {"SCM.0067", 400, "Sans changed."},
    {"SCM.0068", 400, "Unsupported region."},
    {"SCM.0070", 400, "Incorrect format of the domain bound to the certificate to be uploaded."},
    {"SCM.0072", 400, "SCM does not support this status."},
    {"SCM.0073", 400, "Help content format error."},
    {"SCM.0074", 400, "Cert is not renewal paid."},
    {"SCM.0075", 400, "Invalid region id."},
    {"SCM.0076", 400, "DIGICERT DV basic not support to renew."},
    {"SCM.0079", 400, "Subject of CaCert not match issuer of Cert"},
    {"SCM.0080", 400, "Required param cert_info is null or empty."},
    {"SCM.0081", 400, "Required param cert_info is null or empty."},
    {"SCM.0082", 400, "Invalid validity_period, should be 12."},
    {"SCM.0083", 400, "Required param first_name is null or empty."},
    {"SCM.0085", 400, "Required param phone is null or empty."},
    {"SCM.0086", 400, "Required param email is null or empty."},
    {"SCM.0095", 400, "Run RmsApiController failed."},
    {"SCM.0101", 400, "The cert not support to auto deploy."},
    {"SCM.0102", 400, "This resource has been open to auto deploy."},
    {"SCM.0103", 400, "This resource is not exist."},
    {"SCM.0104", 400, "This region is not support."},
    {"SCM.0105", 400, "The cert has associated the auto deployed resources."},
    {"SCM.0106", 400, "The resource domain is not equals the cert."},
    {"SCM.0108", 400, "Domain format is invalid."},
    {"SCM.0109", 400, "Cert chain length must be more than 1."},
    {"SCM.0201", 400, "Failed to push to ELB."},
    {"SCM.0202", 400, "Insufficient ELB permissions"},
    {"SCM.0204", 400, "ELB does not support this region."},
    {"SCM.0211", 400, "Failed to push to CDN."},
    {"SCM.0212", 400, "Insufficient CDN permissions"},
    {"SCM.0221", 400, "Failed to push to WAF."},
    {"SCM.0222", 400, "Insufficient WAF permissions"},
    {"SCM.0224", 400, "WAF does not support this region."},
    {"SCM.0225", 400, "Insufficient WAF quota."},
    {"SCM.0301", 400, "Tag is not found."},
    {"SCM.0302", 400, "Tag quota is upper limit."},
    {"SCM.0303", 400, "Match tag invalid."},
    {"SCM.0304", 400, "Field action is error."},
    {"SCM.0305", 400, "Tag value is invalid."},
    {"SCM.0306", 400, "Tag key is invalid."},
    {"SCM.0309", 400, "Tag value length is invalid."},
    {"SCM.0310", 400, "Tag key length is invalid."},
    {"SCM.0311", 400, "Tag key list is invalid."},
    {"SCM.0312", 400, "Tag value list is invalid."},
    {"SCM.0313", 400, "Tag list is invalid."},
    {"SCM.0314", 400, "Match resourceId invalid."},
    {"SCM.0318", 400, "Tag limit invalid."},
    {"SCM.0319", 400, "Tag offset invalid."},
    {"SCM.0321", 400, "Invalid param sys_tags."},
    {"SCM.0323", 400, "Invalid tag parameter."},
    {"SCM.0401", 400, "Gm cert is not support to be pushed."},
    {"SCM.0501", 400,
     "The parameter cannot be null or the parameter is wrong. Currently only supports:"},
    {"SCM.0502", 400, "The certificate ID list cannot be empty."},
    {"SCM.0505", 400,
     "Parameter error, parameter is null or its list size is out of range, additional info:{0}"},
    {"SCM.0506", 400,
     "There is no corresponding certificate ID under the tenant, and the set of certificate IDs "
     "that cannot be found:{0}"},
    {"SCM.0507", 400, "The list parameter cannot have duplicate elements"},
    {"SCM.0508", 400,
     "Parameter error, the following certificates do not support querying deployed resources:{0}"},
    {"SCM.0092", 401, "Decrypt jwt token failed."},
    {"SCM.1000", 401, "The token of the request fails to be authenticated"},
    {"SCM.1004", 401, "Failed to apply for OBT."},
    {"SCM.1009", 401, "Your account is restricted."},
    {"SCM.1010", 401, "Your account is frozen."},
    {"SCM.4002", 401, "You do not have permission to perform this operation."},
    {"SCM.0001", 403, "Service is not open."},
    {"SCM.0002", 403, "Incorrect tenant ID."},
    {"SCM.0040", 403,
     "The max number of free certificates for the current user has been reached, and you cannot "
     "continue to purchase free certificates."},
    {"SCM.0322", 403, "Invalid user token, user role don't contain op_service."},
    {"SCM.1019", 403, "The user role has no permission to access the interface"},
    {"SCM.0069", 404, "No projects found."},
    {"SCM.0094", 404, "Resource not found."},
    {"SCM.0004", 500, "Fail to get ca response."},
    {"SCM.0007", 500, "Failed to download the certificate."},
    {"SCM.0013", 500,
     "The uploaded certificate chain failed to be resolved. Ensure that the certificate has been "
     "issued."},
    {"SCM.0017", 500, "product wrong."},
    {"SCM.0019", 500, "CSB response error."},
    {"SCM.0037", 500, "Failed to encrypt the certificate."},
    {"SCM.0038", 500, "Cert decrypt fail."},
    {"SCM.0062", 500, "DNS query fail."},
    {"SCM.0071", 500, "SCM does not support this resourceType."},
    {"SCM.0087", 500, "Request cert failed."},
    {"SCM.0091", 500, "Connect jwt server failed."},
    {"SCM.0093", 500, "Invalid jwt token."},
    {"SCM.0097", 500, "Encode next token failed."},
    {"SCM.0098", 500, "Decode next token failed."},
    {"SCM.0099", 500, "Invalid domain id."},
    {"SCM.0100", 500, "UnKnown error."},
    {"SCM.0203", 500, "Failed to push to ELB."},
    {"SCM.0213", 500, "Failed to push to CDN."},
    {"SCM.0223", 500, "Failed to push to WAF."},
    {"SCM.0324", 500, "Calculate digest failure."},
    {"SCM.0402", 500, "Encrypt cert content or private key is null."},
    {"SCM.0504", 500, "Service internal error, please contact technical support."},
    {"SCM.4001", 500, "An error occurred when accessing the PDP API."},
    {"PCA.00020001", 400, "Incorrect parameter."},
    {"PCA.00020101", 400, "Incorrect certificate distinguished name."},
    {"PCA.00020102", 400,
     "Invalid key algorithm. Only RSA2048, RSA4096, EC256, and EC384 are supported."},
    {"PCA.00020103", 400,
     "Invalid signature hash algorithm. Only SHA256, SHA384, and SHA512 are supported."},
    {"PCA.00020109", 400,
     "Invalid validity period type or value. Only year, month, or day supported."},
    {"PCA.00020110", 400, "Incorrect domain name."},
    {"PCA.00020111", 400, "Invalid IP. Enter an IPv4 address."},
    {"PCA.00020112", 400,
     "Invalid alternative name type of the certificate subject. Enter an IP or DNS."},
    {"PCA.00020201", 400,
     "Invalid CA ID. Valid CA IDs use a hexadecimal xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx format."},
    {"PCA.00020202", 400, "Invalid CA type. Only root CA and subordinate CA are supported."},
    {"PCA.00020203", 400, "Invalid CA path length. The value range is [0, 6]."},
    {"PCA.00020204", 400, "Invalid CRL configuration."},
    {"PCA.00020301", 400,
     "Invalid certificate ID. Valid certificate IDs use a hexadecimal "
     "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx format."},
    {"PCA.00020401", 400, "Incorrect certificate signature request."},
    {"PCA.00020402", 400, "Incorrect certificate. Please contact technical support."},
    {"PCA.00020403", 400, "Incorrect certificate chain."},
    {"PCA.00020404", 400,
     "Invalid status. The status can only be Pending activation, Activated, Disabled, Pending "
     "deletion, or Expired."},
    {"PCA.00000101", 401, "Access Denied. No permissions granted for this OBT."},
    {"PCA.00010001", 401, "Incorrect X-Auth-Token in the request header."},
    {"PCA.00010002", 401, "Account frozen. Please contact technical support."},
    {"PCA.00010003", 401, "Access denied. Real-name authentication failed or account in arrears."},
    {"PCA.00010004", 401, "Insufficient permissions. Contact administrator."},
    {"PCA.00000006", 403, "Obtaining OBS buckets failed. Please contact technical support."},
    {"PCA.00030001", 403, "CA or certificate quantity exceeds quota."},
    {"PCA.00030201", 403, "Operation not allowed in the current status."},
    {"PCA.00030202", 403, "CA or certificate frozen. Contact administrator."},
    {"PCA.00030301", 403, "Certificate public key and private key does not match."},
    {"PCA.00030102", 404, "CA or certificate is not found."},
    {"PCA.00030103", 404, "Issuer CA is not found"},
    {"PCA.00000001", 500, "Unknown error. Please contact technical support."},
    {"PCA.00000002", 500, "Parameter processing failed. Please contact technical support."},
    {"PCA.00000003", 500, "Certificate processing failed. Please contact technical support."},
    {"PCA.00000004", 500, "Key processing failed. Please contact technical support."},
    {"PCA.00000005", 500, "Authentication failed. Please contact technical support."},
    {"SCM.0707", 400, "The CSR does not exist."},
    {"PCA.10010002", 400, "The resource does not exist."},
    {"CBC.30000067", 400, "The order resource does not exist."},
    {"APIG.3325", 400, "The parameter value is invalid."},
    {"APIG.1002", 401, "Incorrect token or token resolution failed"},
    {"APIG.1005", 403, "No permissions to request this method"},
    {"APIG.3030", 404, "The instance does not exist;id:"},
    {"APIG.9999", 500, "System error"},
    {"APIGW.0101", 404, "The API does not exist or has not been published"},
    {"APIGW.0201", 413, "Request entity too large."},
    {"APIGW.0301", 401, "Incorrect IAM authentication information: verify aksk signature fail"},
    {"APIGW.0303", 401, "Incorrect IAM authentication information: x-sdk-date is expired"},
    {"APIGW.0307", 401, "The token must be updated."},
    {"APIGW.0308", 429,
     "The throttling threshold has been reached: policy user over ratelimit,limit:1,time:1 second"},
};

}  // namespace

std::span<const ErrorCode> error_codes() {
  return kCodes;
}

const ErrorCode* find_error_code(std::string_view code) {
  const auto* found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                   [&](const ErrorCode& entry) { return entry.code == code; });
  return found == std::end(kCodes) ? nullptr : found;
}

Refusal::Refusal(std::string refused, const std::string& detail)
    : status(500), code(std::move(refused)) {
  if (const ErrorCode* known = find_error_code(code)) {
    status = known->status;
    message = known->message;
  }
  if (!detail.empty()) message += (message.empty() ? "" : " ") + detail;
}

Refusal::Refusal(int refused_status, std::string refused, std::string text)
    : status(refused_status), code(std::move(refused)), message(std::move(text)) {}

}  // namespace emulator
