# SPDX-License-Identifier: Apache-2.0
# The version of the tree: what project() in CMakeLists.txt says, and nothing else. To be sourced in the tree's top folder.
version_of_tree() { sed -n 's/^project(ccm_tls VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt; }
