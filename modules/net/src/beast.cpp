// The one translation unit that carries Beast's compiled part.
#include <boost/beast/src.hpp>
