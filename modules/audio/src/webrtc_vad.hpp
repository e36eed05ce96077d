#pragma once
#include <cstddef>
#include <cstdint>

// The library exports WebRTC's detector but ships no header for it. These are its declarations as
// of version 0.3 (webrtc/common_audio/vad/include/webrtc_vad.h).
extern "C" {
struct WebRtcVadInst;
WebRtcVadInst* WebRtcVad_Create();
void WebRtcVad_Free(WebRtcVadInst* handle);
int WebRtcVad_Init(WebRtcVadInst* handle);
int WebRtcVad_set_mode(WebRtcVadInst* handle, int mode);
/// 1 speech, 0 none, -1 error.
int WebRtcVad_Process(WebRtcVadInst* handle, int rate_hz, const std::int16_t* frame,
                      std::size_t length);
}
