// Handlers of the SCM v3 operations, by the file that holds them. Called under World's lock.
#pragma once

#include "operation.h"

namespace emulator::scm {

// scm_list.cpp
Reply list_certificates(Call& call);

// scm_certificates.cpp
Reply show_certificate(Call& call);
Reply delete_certificate(Call& call);
Reply export_certificate(Call& call);

// scm_import.cpp
Reply import_certificate(Call& call);
Reply upload_csr(Call& call);

// scm_orders.cpp
Reply subscribe_certificate(Call& call);
Reply apply_certificate(Call& call);
Reply cancel_certificate_request(Call& call);

}  // namespace emulator::scm
