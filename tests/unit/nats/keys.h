// Public nkeys of the right shape; nobody has their seeds.
#pragma once

namespace switchyard::nats {

inline constexpr const char* kUserKey = "UADQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQPL3S";
inline constexpr const char* kAccountKey = "AAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAR6AV";
inline constexpr const char* kOperatorKey = "OAEQSCIJBEEQSCIJBEEQSCIJBEEQSCIJBEEQSCIJBEEQSCIJBEEQSHUR";

}  // namespace switchyard::nats
