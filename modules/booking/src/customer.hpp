#pragma once
#include "parley/booking/booking.hpp"

namespace parley::booking {

/// Trims, brings the phone to E.164 and line ends to "\n". Errors: invalid, naming the field.
Result<void> settle_customer(Customer& customer, std::string& notes);

/// What a booking's idempotency key stands for: the same text for the same wish.
std::string request_digest(const BookRequest& request);

}  // namespace parley::booking
