#pragma once
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/id.hpp"

namespace parley {

/// What a person or key may do. Higher includes lower, except that closer and viewer differ in
/// kind.
enum class Role { viewer, closer, operator_, admin, owner };
std::string_view to_string(Role role) noexcept;
Result<Role> parse_role(std::string_view text);

/// Who is asking.
struct Principal {
  enum class Kind { anonymous, user, api_key, system };
  Kind kind = Kind::anonymous;
  std::string id;  ///< user_..., key_..., or the name of the internal actor
  Role role = Role::viewer;
};

/// W3C trace context of the current span.
struct TraceContext {
  std::string trace_id;  ///< 32 lower-case hex digits, empty when not traced
  std::string span_id;   ///< 16 lower-case hex digits
};

/// First argument across modules: by when, for whom, by whom, as part of what.
/// A value: copy it, shorten the deadline, pass it on.
struct Context {
  TimePoint deadline = TimePoint::max();
  OrganizationId organization;
  Principal principal;
  TraceContext trace;

  Context until(TimePoint when) const {
    Context copy = *this;
    if (when < copy.deadline) copy.deadline = when;
    return copy;
  }
};

}  // namespace parley
