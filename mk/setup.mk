# SPDX-License-Identifier: GPL-2.0
# Packages: mk/packages.txt is the one list, mk/setup.sh installs what is missing.

.PHONY: setup
setup: ## Install the Debian packages the other targets need
	$(Q)mk/setup.sh mk/packages.txt
