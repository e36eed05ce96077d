#pragma once
#include "parley/base/context.hpp"
#include "parley/booking/booking.hpp"
#include "parley/business/businesses.hpp"
#include "parley/knowledge/knowledge.hpp"

namespace parley::app {

inline constexpr std::string_view demo_email = "owner@demo.example";
inline constexpr std::string_view demo_number = "+12125550100";

struct DemoParts {
  Clock& clock;
  business::Businesses& businesses;
  booking::Booking& booking;
  knowledge::KnowledgeBase& knowledge;
};

/// A dental practice with services, hours, documents and two weeks of appointments, in
/// ctx.organization. Idempotent: what is there from an earlier start stays as it is.
Task<void> make_demo(Context ctx, DemoParts parts);

}  // namespace parley::app
