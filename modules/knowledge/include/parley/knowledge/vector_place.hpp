#pragma once
#include <string>

#include "parley/knowledge/vector_index.hpp"

namespace parley::knowledge {

/// A name for the place where a business's vectors of a space are kept at a service that has
/// collections or namespaces: 40 hexadecimal digits, the same everywhere, another one for every
/// organization, business and space.
std::string vector_place(const VectorSpace& space, const OrganizationId& organization,
                         const BusinessId& business);
/// The same for a whole space.
std::string vector_place(const VectorSpace& space);

}  // namespace parley::knowledge
