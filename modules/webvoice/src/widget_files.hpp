#pragma once
#include <string_view>

#include "parley/net/router.hpp"

namespace parley::webvoice {

/// The files of modules/webvoice/web, embedded at build time.
namespace files {
extern const std::string_view widget_js;
extern const std::string_view widget_audio_js;
extern const std::string_view demo_html;
extern const std::string_view demo_css;
}  // namespace files

/// What pages load: /widget.js, /widget-audio.js.
void mount_widget(net::Router& router);
/// A file that any page may load.
net::HttpResponse widget_file(std::string_view content, std::string_view content_type);

}  // namespace parley::webvoice
