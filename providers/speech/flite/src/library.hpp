#pragma once
#include <mutex>

extern "C" {
#include <flite/flite.h>
cst_lexicon* cmu_lex_init();
cst_voice* register_cmu_us_slt(const char*);
cst_voice* register_cmu_us_rms(const char*);
cst_voice* register_cmu_us_awb(const char*);
cst_voice* register_cmu_us_kal16(const char*);
}

namespace parley::providers::flite {

/// Flite counts references without atomics on values that voices share and keeps its lexicon in
/// process-wide variables: everything that touches the library holds this lock.
std::mutex& library_mutex();

/// Call with the lock held; initialises the library the first time.
void initialise_library();

}  // namespace parley::providers::flite
