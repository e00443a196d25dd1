
_tls_stall() {
    # Bash parts --format=html at the sign.
    if [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
        local split=("${COMP_WORDS[@]}")
        local COMP_WORDS=("${split[@]:0:COMP_CWORD - 1}" "$2")
        local COMP_CWORD=$((COMP_CWORD - 1))
    fi
    _clap_complete_tls_stall "$@"
    # Readline puts the slash behind a folder, and quotes names with spaces.
    COMPREPLY=("${COMPREPLY[@]%/}")
}
complete -F _tls_stall -o nospace -o nosort -o filenames -o bashdefault -o default tls-stall 2>/dev/null ||
    complete -F _tls_stall -o filenames -o bashdefault -o default tls-stall
