// SPDX-License-Identifier: GPL-2.0
// From the bytes of a kernel image to a struct lkl_image.
//
// An image is a static PIE without undefined symbols, linked at 0. It is placed
// in the RAM of the instance that will run it, at image_at, relocated there and
// entered once to ask for its table. Bytes are checked completely before they
// are believed: a damaged file is an error, never a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "host/host.hh"

namespace lkl {

/// Where in RAM an image is placed. Below it the kernel has its first free memory.
inline constexpr std::uint64_t image_at = 2 << 20;

/// An image in RAM: [at, at + bytes), entry point at @entry.
struct PlacedImage {
	std::uint64_t at;
	std::uint64_t bytes;
	void *entry;
};

/// An image that was entered: its table lives as long as the instance's RAM.
struct LoadedImage {
	const lkl_image *table;
	std::uint64_t at;
	std::uint64_t bytes;
};

/// Checks @file and places, relocates and protects it; code is not run yet.
/// ENOEXEC for what is no usable image, ENOMEM when the RAM is too small for it.
/// @name is for messages.
Result<PlacedImage> place_image(host::Instance &instance, std::span<const std::byte> file,
				const std::string &name);

/// Calls the entry point and checks the table it returns.
Result<LoadedImage> enter_image(const PlacedImage &placed, const std::string &name);

/// How an instance gets its image.
using ImageSource = std::function<Result<LoadedImage>(host::Instance &)>;

/// The image linked into the library.
Result<LoadedImage> load_builtin_image(host::Instance &instance);
/// The image in file @path. The file is mapped until the instance is destroyed.
ImageSource image_file(std::string path);

} // namespace lkl
