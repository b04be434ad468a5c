# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash: everything is asked of lastack itself, so that it never lags behind.

_lastack() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} bin=${COMP_WORDS[0]}
	local words

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words="$("$bin" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p') help"
	elif [[ $cur == -* ]]; then
		words=$("$bin" help "${COMP_WORDS[1]}" 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
	else
		case $prev in
		help) words=$("$bin" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p') ;;
		--ip) words="4 6" ;;
		--report) words="term tap json" ;;
		--netns) words=$(ls /run/netns 2>/dev/null) ;;
		*)
			case ${COMP_WORDS[1]} in
			run | list | explain)
				words=$({
					"$bin" list | cut -d' ' -f1
					"$bin" list --tags | cut -d' ' -f1
				} 2>/dev/null)
				mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- "$cur")
				;;
			states) words=$("$bin" explain --language | sed -n 's/^States: \(.*\)\. Other.*/\1/p' | tr -d '`,') ;;
			esac
			;;
		esac
	fi
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$cur")
	compopt -o filenames 2>/dev/null
}
complete -F _lastack lastack
