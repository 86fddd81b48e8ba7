# SPDX-License-Identifier: GPL-2.0
# Compares what was asked of Kconfig with what it made: the files are defconfig,
# fragments in the order they were merged, and last the resulting .config.
# An option that a later file changes is no longer asked for. In a variant (more
# than one request) an option of defconfig may vanish with what it depends on.
# With action=error a difference is one.

FNR == 1 { file++ }

/^CONFIG_[A-Za-z0-9_]+=/ {
	name = substr($0, 1, index($0, "=") - 1)
	value = substr($0, index($0, "=") + 1)
}
/^# CONFIG_[A-Za-z0-9_]+ is not set$/ {
	name = $2
	value = "n"
}
name != "" {
	if (file == ARGC - 1) {
		got[name] = value
	} else {
		wanted[name] = value
		asked_in[name] = file
	}
	name = ""
}
END {
	for (name in wanted) {
		have = (name in got) ? got[name] : "n"
		if (have == wanted[name])
			continue
		if (ARGC > 3 && asked_in[name] == 1 && !(name in got))
			continue
		printf "%s: %s is %s, %s asks for %s\n", ARGV[ARGC - 1], name, have,
		       ARGV[asked_in[name]], wanted[name] > "/dev/stderr"
		differences++
	}
	if (differences && action == "error")
		exit 1
}
