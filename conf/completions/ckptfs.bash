# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash: ckptfs and ckptool say themselves what can stand there (--complete). make install has it for both.

# What a word is without its quotes, in REPLY.
_ckptfs_unquote() {
    local in=$1 quote='' next
    REPLY=
    while [ -n "$in" ]; do
        next=${in:0:1}
        in=${in:1}
        case $quote$next in
            \' | \") quote=$next ;;
            "''" | '""') quote= ;;
            \\ | \"\\)
                REPLY+=${in:0:1}
                in=${in:1}
                ;;
            *) REPLY+=$next ;;
        esac
    done
}

_ckptfs() {
    # COMP_WORDS are cut at `=`, `:` and the like: where no blank stands between two of them, they are one word.
    local rest=${COMP_LINE:0:COMP_POINT} words=() i part blanks
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blanks=${rest%%[![:space:]]*}
        rest=${rest#"$blanks"}
        part=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || part=$rest
        rest=${rest#"$part"}
        if [ "$i" -eq 0 ] || [ -n "$blanks" ]; then words+=("$part"); else words[-1]+=$part; fi
    done
    # What bash replaces is the last part alone, less what cuts words.
    while [ -n "$part" ] && [[ ${part:0:1} != [\'\"] && $COMP_WORDBREAKS == *"${part:0:1}"* ]]; do part=${part:1}; done
    for i in "${!words[@]}"; do
        _ckptfs_unquote "${words[i]}"
        words[i]=$REPLY
    done
    _ckptfs_unquote "$part"
    local before=${words[-1]%"$REPLY"} paths head word
    COMPREPLY=()
    {
        IFS=$'\t' read -r paths head
        while IFS=$'\t' read -r word _; do
            word=${word#"$before"}
            [[ $part == [\'\"]* ]] || printf -v word %q "$word"
            COMPREPLY+=("$word")
        done
    } < <("${words[0]/#~\//$HOME/}" --complete "${words[@]:1}" 2> /dev/null)
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [[ ${COMPREPLY[0]} == *[/=] ]]; then compopt -o nospace; fi
    case $paths in
        files)
            compopt -o default
            if [ "${#COMPREPLY[@]}" -gt 0 ]; then
                compopt -o filenames
                word=${words[-1]#"$head"}
                while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$word")
            fi
            ;;
        directories) compopt -o dirnames ;;
    esac
}

complete -F _ckptfs ckptfs ckptool
