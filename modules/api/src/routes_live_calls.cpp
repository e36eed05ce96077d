// What people do to calls while they run.
#include "call_json.hpp"
#include "parley/calls/live_calls.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using calls::LiveCalls;

LiveCalls& live(Request& in) { return in.services.parts.calls.live(); }

Outcome show(const calls::Call& call) { return Reply{.data = call_json(call)}; }

Answer hold(Request& in) { return reply(live(in).hold(in.ctx, in.id<CallId>()), show); }
Answer take_over(Request& in) { return reply(live(in).take_over(in.ctx, in.id<CallId>()), show); }
Answer resume(Request& in) { return reply(live(in).resume(in.ctx, in.id<CallId>()), show); }

Answer whisper(Request& in) {
  auto as = text_in(in.body, "as").value_or("instruction") == "sentence"
                ? LiveCalls::Whisper::sentence
                : LiveCalls::Whisper::instruction;
  auto text = text_in(in.body, "text").value_or("");
  return reply(live(in).whisper(in.ctx, in.id<CallId>(), as, std::move(text)), show);
}

Answer press_keys(Request& in) {
  auto keys = text_in(in.body, "keys").value_or("");
  auto pressing = live(in).press_keys(in.ctx, in.id<CallId>(), std::move(keys));
  auto pressed = co_await std::move(pressing);
  if (!pressed && pressed.error().code == Errc::invalid)
    co_return refuse_field("keys", pressed.error().detail);
  if (!pressed) co_return refuse(pressed.error());
  co_return show(*pressed);
}

Answer record(Request& in) {
  auto what = text_in(in.body, "action").value_or("") == "start" ? LiveCalls::Record::start
                                                                 : LiveCalls::Record::stop;
  return reply(live(in).record(in.ctx, in.id<CallId>(), what),
               [](const calls::CarrierRecordingState& state) -> Outcome {
                 return Reply{.data = json::object{{"recordingId", state.recording_id},
                                                   {"status", state.status}}};
               });
}

Route order(std::string path, std::string name, std::string summary, Answer (*handler)(Request&)) {
  Route route;
  route.method = net::Method::post;
  route.path = "/calls/{id}/" + path;
  route.group = "calls";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "call";
  route.permission = "calls:write";
  route.response = ref("Call");
  route.handler = handler;
  return route;
}

}  // namespace

void add_live_call_routes(RouteTable& table) {
  table.add(order("hold", "holdCall",
                  "The caller hears music; nothing they say is answered. 409 when the call does "
                  "not run on this node.",
                  hold));
  table.add(order("take-over", "takeOverCall",
                  "The agent is silent; sound sent into the call's listening WebSocket "
                  "(/calls/{id}/listen) is heard in its place.",
                  take_over));
  table.add(
      order("resume", "resumeCall", "The agent goes on, after a hold or a take-over.", resume));
  auto whispering = order("whisper", "whisperToAgent",
                          "A word to the agent which the caller does not hear: an instruction for "
                          "its next turn, or a sentence it shall say. The timeline tells whether "
                          "an instruction is heeded: the built-in dialogue understands none.",
                          whisper);
  whispering.body = BodyKind::json;
  whispering.request = object(
      {required("text", text(1, 2000).example("Offer the appointment on Friday.")),
       optional("as", choice({"instruction", "sentence"}).about("instruction unless told"))});
  table.add(std::move(whispering));
  auto pressing = order("keys", "pressKeys", "Send keys as tones to the other side.", press_keys);
  pressing.body = BodyKind::json;
  pressing.request = object({required(
      "keys", line(1, 32).about("0-9, *, #, A-D; w waits half a second").example("12#"))});
  table.add(std::move(pressing));
  table.define("CarrierRecording",
               object({required("recordingId", text()), required("status", text())}));
  auto recording = order("recording", "recordCall",
                         "Start or stop a recording by the carrier, both sides apart. When it is "
                         "over it is fetched, and played if the call has no other.",
                         record);
  recording.body = BodyKind::json;
  recording.request = object({required("action", choice({"start", "stop"}))});
  recording.response = ref("CarrierRecording");
  table.add(std::move(recording));
}

}  // namespace parley::api
