#pragma once
#include <string_view>

/// The files of modules/api/web, embedded at build time.
namespace parley::api::docs {

extern const std::string_view index_html;
extern const std::string_view docs_js;
extern const std::string_view docs_css;

}  // namespace parley::api::docs
