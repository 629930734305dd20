// Where the services are (auth.md section 6). Pure.
#pragma once

#include <string>

#include "base/result.h"

namespace ccm::cloud {

struct Endpoints {
  std::string iam;
  std::string scm;
  std::string pca;
};

// What a region gives; SCM and PCA of one site may live in different regions (the international
// site: SCM in ap-southeast-1, PCA in ap-southeast-3). Explicit overrides win, field by field.
Endpoints endpoints_for(const std::string& region, const Endpoints& overrides);

}  // namespace ccm::cloud
