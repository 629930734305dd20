// SPDX-License-Identifier: Apache-2.0
// Numbers of system calls that are newer than Linux 4.18, so headers of that age lack them. From
// 5.1 on a call has one number on every architecture (Linux, include/uapi/asm-generic/unistd.h). An
// older kernel answers ENOSYS, and every caller has a substitute.
#pragma once

namespace ccm::calls {

inline constexpr long kFirstAfter418 = 424;  // every number from here on
inline constexpr long kIoUringSetup = 425;   // 5.1
inline constexpr long kIoUringEnter = 426;
inline constexpr long kIoUringRegister = 427;
inline constexpr long kOpenTree = 428;  // 5.2
inline constexpr long kMoveMount = 429;
inline constexpr long kFsopen = 430;
inline constexpr long kFsconfig = 431;
inline constexpr long kFsmount = 432;
inline constexpr long kFspick = 433;
inline constexpr long kPidfdOpen = 434;              // 5.3
inline constexpr long kClone3 = 435;                 // 5.3
inline constexpr long kCloseRange = 436;             // 5.9
inline constexpr long kOpenat2 = 437;                // 5.6
inline constexpr long kPidfdGetfd = 438;             // 5.6
inline constexpr long kProcessMadvise = 440;         // 5.10
inline constexpr long kMountSetattr = 442;           // 5.12
inline constexpr long kLandlockCreateRuleset = 444;  // 5.13
inline constexpr long kLandlockAddRule = 445;
inline constexpr long kLandlockRestrictSelf = 446;

}  // namespace ccm::calls
