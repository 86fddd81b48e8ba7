# SPDX-License-Identifier: GPL-2.0
# Collects the "##" comments of makefiles: TARGET: ... ## text, VAR ?= value## text
/^[a-z][a-zA-Z0-9_%.-]*( [a-z-]+)*:.*##/ {
	text = $0
	sub(/^.*## */, "", text)
	name = $0
	sub(/:.*/, "", name)
	targets[++n_targets] = sprintf("  %-18s %s", name, text)
}
/^[A-Z][A-Z0-9_]* *[:?]?=.*##/ {
	text = $0
	sub(/^.*## */, "", text)
	value = $0
	sub(/^[A-Z0-9_]* *[:?]?= */, "", value)
	sub(/ *##.*/, "", value)
	if (value ~ /\$\(/)
		value = ""
	variables[++n_variables] = sprintf("  %-18s %s%s", $1, text,
					   value == "" ? "" : " [" value "]")
}
END {
	print "Targets (make TARGET):"
	for (i = 1; i <= n_targets; i++)
		print targets[i]
	print "\nVariables (make VARIABLE=value), with their defaults:"
	for (i = 1; i <= n_variables; i++)
		print variables[i]
}
