# SPDX-License-Identifier: Apache-2.0
# What the scripts say about a wrong command line. To be sourced.

# refuse SENTENCE: ends the script with status 2. The sentence names the wrong word, and what would be right.
refuse() {
    local name=scripts/${0##*/}
    echo "$name: $1 (\`$name --help\` says more)" >&2
    exit 2
}
