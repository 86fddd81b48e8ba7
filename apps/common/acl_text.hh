// SPDX-License-Identifier: GPL-2.0
// POSIX ACLs: between the kernel's extended attribute and the text in tar archives.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "id_names.hh"
#include "result.hh"

namespace lkl::apps {

inline constexpr std::string_view acl_access_attribute = "system.posix_acl_access";
inline constexpr std::string_view acl_default_attribute = "system.posix_acl_default";

/// Whether attribute @name is an ACL in a kernel's form: one of the above, or what
/// xfs also shows of them.
bool is_raw_acl(std::string_view name);

/// @value, of one of these attributes, as acl_to_text(3) writes it: entries like
/// "user:name:rw-", each with a newline. Ids that @names does not know are numbers.
Result<std::string> acl_text(std::string_view value, const IdNames &names);

struct ParsedAcl {
	std::string value;	// of the attribute
	/// Users and groups without a number whom nobody knows; their entries are left out.
	std::vector<std::string> unknown;
};

/// The reverse, also of what star ("user:name:rw-:1000") and Solaris ("mask:rw-", commas)
/// write. Names that @names does not have need a number.
Result<ParsedAcl> parse_acl(std::string_view text, const IdNames &names);

} // namespace lkl::apps
