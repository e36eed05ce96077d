#pragma once
#include "parley/base/clock.hpp"
#include "parley/net/http.hpp"
#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

/// Of effects that leave no answer: reset, close or hang, which takes an hour at most.
asio::awaitable<net::HttpResponse> no_answer(Clock& clock, Fault::Effect effect);

/// The answer as it is after half, garbage or slow; others leave it whole.
net::HttpResponse spoilt(net::HttpResponse answer, const Fault& fault, Clock& clock);

}  // namespace parley::simulators
