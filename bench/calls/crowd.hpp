#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/clock.hpp"
#include "parley/net/client.hpp"

namespace parley::bench {

struct CrowdOptions {
  std::string server_url;  ///< http://127.0.0.1:port
  std::string auth_token;
  std::string to;
  int calls = 100;
  Duration dial_over = std::chrono::seconds(10);  ///< the calls come spread over this
  Duration talk = std::chrono::seconds(30);       ///< after that, and only that is measured
  audio::Samples words;                           ///< what a caller says, 8 kHz
};

/// What the callers noticed.
struct CrowdReport {
  int connected = 0;
  int lost = 0;                   ///< ended by the server, or broken
  std::size_t turns = 0;          ///< asked and answered
  std::size_t unanswered = 0;     ///< no word within ten seconds
  std::vector<double> answer_ms;  ///< from a caller's last loud frame to the agent's first audio
  double caller_share = 0;        ///< of the time, callers were speaking
  double agent_share = 0;         ///< and agents
  std::size_t frames_late = 0;    ///< ticks that this side itself began over 20 ms late
  std::size_t frames = 0;
  std::size_t voice_bytes = 0;  ///< mu-law they got of the agents, to the end of the measured time
};

/// Many callers at once over Twilio's media protocol, as cheap as they can be made: they must not
/// need more of the machine than the server that is measured. One thread, which run() takes.
/// Afterwards nobody asks any more, and it is over when all answers were heard.
struct CrowdMoments {
  std::function<void()> begins;  ///< the measured time
  std::function<void()> ends;
  std::function<void()> rests;  ///< all calls are up, and nobody speaks
};
CrowdReport run_crowd(const CrowdOptions& options, const CrowdMoments& moments);

}  // namespace parley::bench
