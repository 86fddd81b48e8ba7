#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# newest.sh FOLDER: puts the source of the newest kernel series that Debian's suites
# beyond this machine's carry into FOLDER; FOLDER.version then holds the package and
# its version. Does nothing when that was done before.
#
# Servers, proxies and authentication are those of the machine's apt, whose own lists
# and caches are left alone. What is fetched counts only when Debian's archive keys
# sign it. NEWEST_SUITES names other suites to look in, such as experimental.
#
# Exit status: 0 done, 77 it cannot be had here (and why), 1 anything else.
set -eu
folder=$(realpath -m "$1")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ ! -e "$folder.version" ] || exit 0
if [ -e "$folder" ]; then
	echo "newest.sh: $folder is in the way" >&2
	exit 1
fi

unavailable() {
	cat >&2 <<-END
	**************************************************************************
	newest.sh: no newer kernel source on this machine: $1
	**************************************************************************
	END
	exit 77
}

for command in apt-get apt-cache dpkg-deb xz; do
	command -v $command > /dev/null || unavailable "there is no $command"
done
[ -e $keyring ] || unavailable "there is no $keyring"

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The machine's configuration, but a state of its own. Hooks after an update serve
# the machine's lists, and pins its choice of packages.
mkdir -p "$work"/{lists,cache/archives}/partial
touch "$work/status"
cat > "$work/apt.conf" <<-END
	#clear APT::Default-Release;
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	APT::Get::AllowUnauthenticated "false";
	APT::Sandbox::User "$(id -un)";
	APT::Update::Error-Mode "any";
	Acquire::AllowInsecureRepositories "false";
	Acquire::AllowWeakRepositories "false";
	Acquire::Retries "2";
	Acquire::http::Timeout "30";
	Acquire::https::Timeout "30";
	Dir::Cache "$work/cache";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::Etc::SourceList "$work/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::State "$work";
	Dir::State::status "$work/status";
END
ours=(-c "$work/apt.conf" -q)

# The archives this machine uses, but for those of security updates alone.
archives() {
	apt-get update --print-uris 2>/dev/null |
		sed -n "s,^'\(.*\)/dists/\([^/]*\)/InRelease'.*,\2 \1,p" |
		grep -v -- '-security ' | cut -d' ' -f2- | sort -u
}

# The newest first: what reaches a suite was in the one before it.
suites() {
	local codename
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) || true
	echo "${NEWEST_SUITES-sid testing stable-backports ${codename:+$codename-backports}}"
}

# offered ARCHIVE SUITE: fetches the suite's list and prints the newest series' package.
offered() {
	echo "deb [signed-by=$keyring target=Packages] $1 $2 main" > "$work/sources.list"
	apt-get "${ours[@]}" update > "$work/log" 2>&1 || return
	apt-cache "${ours[@]}" pkgnames linux-source- |
		grep -xE 'linux-source-[0-9]+\.[0-9]+' | sort -V | tail -n 1
}

# find_package: sets $package, and leaves its suite's list in place.
find_package() {
	local archive suite
	for suite in $(suites); do
		for archive in $(archives); do
			echo "newest.sh: looking in $suite of $archive" >&2
			package=$(offered "$archive" "$suite") || true
			[ -z "$package" ] || return 0
			grep -m 1 '^E:' "$work/log" >&2 || true
		done
	done
	return 1
}

[ -n "$(archives)" ] || unavailable "apt has no package source"
find_package || unavailable "the package sources gave no list with a linux-source package"

version=$(apt-cache "${ours[@]}" show --no-all-versions "$package" | sed -n 's/^Version: //p')
echo "newest.sh: fetching $package $version" >&2
(cd "$work" && apt-get "${ours[@]}" download "$package") > "$work/log" 2>&1 || {
	grep -m 1 '^E:' "$work/log" >&2 || true
	unavailable "$package could not be fetched"
}

# The package holds the tarball of the tree; nothing of either is installed.
echo "newest.sh: unpacking to $folder" >&2
mkdir "$work/package" "$work/tree"
dpkg-deb --fsys-tarfile "$work"/"$package"_*.deb | tar -x -C "$work/package" \
	--strip-components=3 "./usr/src/$package.tar.xz"
rm "$work"/"$package"_*.deb
tar -xf "$work/package/$package.tar.xz" -C "$work/tree" --strip-components=1
echo "$package $version" > "$work/version"
mv -T "$work/tree" "$folder"
mv "$work/version" "$folder.version"
