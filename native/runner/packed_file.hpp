// Packed constants kept in a file from one process to the next: the bytes of a module's packed memory behind a head that tells whether they
// are whole.
#pragma once

#include <cstdint>
#include <string>

namespace runner {

// Writes `bytes` bytes with their head.
void write_packed(const std::string& path, const unsigned char* data, uint64_t bytes);

// Reads a file of write_packed into `to`; false: it is not there, of another size, or damaged (then `to` holds anything).
bool read_packed(const std::string& path, unsigned char* to, uint64_t bytes);

}  // namespace runner
