# Completion of kasbah, kasbah-server and kasbah-agent for bash. It reads files, but contacts no CA and no cluster.
# Written by `kasbah completion bash`.

# What is being completed; every call of _kasbah sets them.
#   path: the command, such as `kasbah authority list`    commands, flags, values: its words, as `word` or `word=kind`

#COMMANDS#

_kasbah_codes='#CODES#'

# Sets `words` to the line up to the cursor. bash also splits at = and :, which a word may contain.
_kasbah_words() {
  local line=${COMP_LINE:0:COMP_POINT} part at
  words=()
  for ((at = 0; at <= COMP_CWORD; at++)); do
    part=${COMP_WORDS[at]}
    if ((${#words[@]} > 0)) && [[ $line != [[:space:]]* ]]; then
      words[${#words[@]} - 1]+=$part
    else
      words+=("$part")
      line=${line#"${line%%[![:space:]]*}"}
    fi
    line=${line:${#part}}
  done
}

# Prints the kind of value of a flag; nothing for a switch.
_kasbah_kind() {
  local each
  for each in $flags; do
    if [[ ${each%%=*} == "$1" && $each == *=* ]]; then
      printf '%s' "${each#*=}"
      return
    fi
  done
}

# Prints the value of a flag on the line, or nothing.
_kasbah_given() {
  local at
  for ((at = 1; at < ${#words[@]} - 1; at++)); do
    case ${words[at]} in
    "$1") printf '%s' "${words[at + 1]}" ;;
    "$1"=*) printf '%s' "${words[at]#*=}" ;;
    esac
  done
}

# Prints the directories in the state directory's authorities/, whose names are the ids.
_kasbah_authorities() {
  local state folder
  state=$(_kasbah_given --state-dir)
  state=${state:-${KASBAH_STATE_DIR-}}
  if [[ -z $state ]]; then
    if [[ $EUID == 0 ]]; then state=/var/lib/kasbah; else state=${XDG_STATE_HOME:-$HOME/.local/state}/kasbah; fi
  fi
  for folder in "$state"/authorities/*/; do
    folder=${folder%/}
    [[ $folder == *'*' ]] || printf '%s\n' "${folder##*/}"
  done
}

_kasbah_workloads() {
  local file
  for file in /etc/kasbah/agent/*.env; do
    file=${file##*/}
    [[ $file == '*.env' ]] || printf '%s\n' "${file%.env}"
  done
}

# Offers the values of a kind that begin with $2.
_kasbah_values() {
  case $1 in
  file) _kasbah_paths -f "$2" ;;
  directory) _kasbah_paths -d "$2" ;;
  program) _kasbah_paths -c "$2" ;;
  code) _kasbah_offer "$2" "$_kasbah_codes" ;;
  authority) _kasbah_offer "$2" "$(_kasbah_authorities)" ;;
  workload) _kasbah_offer "$2" "$(_kasbah_workloads)" ;;
  context) _kasbah_offer "$2" "$(kubectl config get-contexts -o name 2>/dev/null)" ;;
  words:*) _kasbah_offer "$2" "${1#words:}" ;;
  esac
  _kasbah_after_colon "$2"
}

_kasbah_paths() {
  local IFS=$'\n'
  [[ $1 == -c ]] || compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$2"))
}

# Offers those of the words $2 that begin with $1. Names of files and contexts are not ours: a name that the shell
# would interpret is left out.
_kasbah_offer() {
  local each IFS=$' \t\n,' list
  read -r -d '' -a list <<<"$2"
  for each in "${list[@]}"; do
    [[ $each == "$1"* && $each != *[!A-Za-z0-9._@:/=-]* ]] && COMPREPLY+=("$each")
  done
}

# readline replaces only what follows the last colon.
_kasbah_after_colon() {
  local at
  [[ $1 == *:* && $COMP_WORDBREAKS == *:* ]] || return 0
  for at in "${!COMPREPLY[@]}"; do COMPREPLY[at]=${COMPREPLY[at]#"${1%"${1##*:}"}"}; done
}

_kasbah() {
  local IFS=$' \t\n' words path commands flags values word kind= expects= only= at positional=0
  COMPREPLY=()
  _kasbah_words
  path=${words[0]##*/}
  _kasbah_command "$path" || return
  for ((at = 1; at < ${#words[@]} - 1; at++)); do
    word=${words[at]}
    if [[ -n $expects ]]; then
      expects=
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == -* ]]; then
      [[ $word == *=* ]] || expects=$(_kasbah_kind "$word")
    elif [[ " $commands " == *" $word "* ]] && _kasbah_command "$path $word"; then
      path="$path $word"
    else
      ((positional++))
    fi
  done
  word=${words[${#words[@]} - 1]}
  values=($values)
  if [[ -n $expects ]]; then
    _kasbah_values "$expects" "$word"
  elif [[ -z $only && $word == --*=* ]]; then
    _kasbah_values "$(_kasbah_kind "${word%%=*}")" "${word#*=}"
  elif [[ -z $only && $word == -* ]]; then
    for kind in $flags; do [[ ${kind%%=*} != "$word"* ]] || COMPREPLY+=("${kind%%=*}"); done
  elif [[ -n $commands && $positional == 0 ]]; then
    _kasbah_offer "$word" "$commands"
  elif ((${#values[@]} > 0)); then
    ((positional < ${#values[@]})) || positional=$((${#values[@]} - 1))
    _kasbah_values "${values[positional]}" "$word"
  fi
}

complete -F _kasbah kasbah kasbah-server kasbah-agent
