#pragma once
#include <pocketsphinx/pocketsphinx.h>
#include <sphinxbase/ckd_alloc.h>
#include <sphinxbase/err.h>
#include <sphinxbase/jsgf.h>
#include <sphinxbase/logmath.h>
#include <sphinxbase/ngram_model.h>

#include <memory>

namespace parley::providers::pocketsphinx {

/// The library writes its log to stderr otherwise. Before its first use on any path.
inline void silence_library() {
  static const bool done = [] {
    err_set_logfp(nullptr);
    return true;
  }();
  (void)done;
}

/// Owners of the library's handles.
struct SphinxDelete {
  void operator()(ps_decoder_t* p) const noexcept { ps_free(p); }
  void operator()(cmd_ln_t* p) const noexcept { cmd_ln_free_r(p); }
  void operator()(jsgf_t* p) const noexcept { jsgf_grammar_free(p); }
  void operator()(fsg_model_t* p) const noexcept { fsg_model_free(p); }
  void operator()(ngram_model_t* p) const noexcept { ngram_model_free(p); }
  void operator()(logmath_t* p) const noexcept { logmath_free(p); }
};
template <class T>
using Sphinx = std::unique_ptr<T, SphinxDelete>;

}  // namespace parley::providers::pocketsphinx
