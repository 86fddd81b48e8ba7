// SPDX-License-Identifier: GPL-2.0
// The sandbox of a tool while strangers' data are in its process: the steps of sandbox.hh
// as far as its user wants them and the system has them.
#pragma once

#include <string_view>
#include <vector>

#include "command_line.hh"
#include "reporter.hh"

namespace lkl::apps {

/// That the system lacks a part is for those to know who ask for details.
class ToolSandbox {
public:
	/// All must outlive it.
	ToolSandbox(std::string_view tool, Reporter &reporter, const ToolOptions &options);

	/// Files in @directory, which is open, can still be renamed and removed.
	void leave(int directory) { directories_.push_back(directory); }

	/// See sandbox.hh.
	void confine_files();
	/// @served: see Image::is_served().
	void confine_calls(bool served);

private:
	void tell(const Result<void> &result);

	const std::string_view tool_;
	Reporter &reporter_;
	const ToolOptions &options_;
	std::vector<int> directories_;
};

} // namespace lkl::apps
