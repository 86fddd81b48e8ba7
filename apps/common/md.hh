// SPDX-License-Identifier: GPL-2.0
// Software RAID arrays (md) on block devices of the library's kernel: which there are,
// and running them.
//
// Members that missed changes are left out. An array that lacks members, and can do
// without, is run for reading only, unless told otherwise; nothing is repaired or
// synchronized while it is read. It stops when the kernel is halted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "md_superblock.hh"

namespace lkl::apps {

class MdArray {
public:
	/// One that is not used: "it missed changes".
	struct LeftOut {
		std::string device, why;
	};

	/// Put together what belongs together of @devices, paths in the kernel. Of a
	/// member that cannot be read nothing is known, so it is missing.
	static Result<std::vector<MdArray>> find(lkl_kernel *kernel, KernelLog &log,
						 std::span<const std::string> devices);

	const std::string &uuid() const { return current_.front().uuid; }
	/// As mdadm --create's --name; the UUID where it has none.
	std::string name() const;
	/// "raid1"
	std::string level() const;
	/// Of what can be stored; 0 where only running it tells.
	std::uint64_t bytes() const;
	/// Of the members found, those in use and those that are not.
	const std::vector<MdMember> &members() const { return current_; }
	const std::vector<LeftOut> &left_out() const { return left_out_; }
	/// How many are not there.
	std::uint32_t missing() const;
	/// What is wrong with it; mostly empty.
	std::string trouble() const;

	/// Run it; its path in the kernel. Refused, with what there is, when too many
	/// members are missing, and when @writable with any missing unless @degraded.
	Result<std::string> run(lkl_kernel *kernel, KernelLog &log, bool writable,
				bool degraded) const;

private:
	explicit MdArray(std::vector<MdMember> found);

	bool enough() const;
	std::string inventory() const;

	std::vector<MdMember> current_;		// by their roles, then spares
	std::vector<LeftOut> left_out_;
};

} // namespace lkl::apps
