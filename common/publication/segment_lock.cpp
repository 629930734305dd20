// SPDX-License-Identifier: Apache-2.0
#include "publication/segment_lock.h"

#include <fcntl.h>

#include <cerrno>

#include "publication/writer.h"

namespace ccm::publication {

Result<void> lock_segment(int segment, IfBusy if_busy) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  int locked = 0;
  do {
    locked = fcntl(segment, if_busy == IfBusy::wait ? F_SETLKW : F_SETLK, &whole);
  } while (locked != 0 && errno == EINTR);
  if (locked == 0) return {};
  if (errno == EAGAIN || errno == EACCES) {
    return fail(ErrorKind::transient, "another process still writes the publication segment");
  }
  return fail(system_error("lock the publication segment", errno));
}

}  // namespace ccm::publication
