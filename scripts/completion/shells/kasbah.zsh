#compdef kasbah kasbah-server kasbah-agent
# Completion of kasbah, kasbah-server and kasbah-agent for zsh. It reads files, but contacts no CA and no cluster.
# Written by `kasbah completion zsh`.

# Every call of _kasbah sets these for the command that is being completed:
#   below, flags: its words, as `word:help`    kinds: the kind of value of each flag    values: those of its arguments

#COMMANDS#

_kasbah_codes=(
  #CODES#
)

# Sets `reply` to the value of a flag on the line, or to nothing.
_kasbah_given() {
  local at
  reply=
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in
      ($1) reply=$words[at+1] ;;
      ($1=*) reply=${words[at]#*=} ;;
    esac
  done
}

# The names of the directories in the state directory's authorities/ are the ids.
_kasbah_authorities() {
  local reply state
  local -a ids
  _kasbah_given --state-dir
  state=${(Q)reply}
  state=${state:-$KASBAH_STATE_DIR}
  if [[ -z $state ]]; then
    if ((EUID == 0)); then state=/var/lib/kasbah; else state=${XDG_STATE_HOME:-$HOME/.local/state}/kasbah; fi
  fi
  ids=($state/authorities/*(N/:t))
  compadd -- $ids
}

# Offers the values of a kind.
_kasbah_values() {
  local -a offered
  case $1 in
    (file) _files ;;
    (directory) _files -/ ;;
    (program) _command_names -e ;;
    (code) compadd -- $_kasbah_codes ;;
    (authority) _kasbah_authorities ;;
    (workload) offered=(/etc/kasbah/agent/*.env(N:t:r)) && compadd -- $offered ;;
    (context) offered=(${(f)"$(kubectl config get-contexts -o name 2>/dev/null)"}) && compadd -- $offered ;;
    (words:*) offered=(${(s:,:)1#words:}) && compadd -- $offered ;;
    (*) _message 'value' ;;
  esac
}

_kasbah() {
  emulate -L zsh
  setopt extended_glob
  local path_ word expects only at
  local -i positional=1
  local -a below flags values
  local -A kinds
  path_=${words[1]:t}
  _kasbah_command $path_ || return
  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    if [[ -n $expects ]]; then
      expects=
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == -* ]]; then
      [[ $word == *=* ]] || expects=$kinds[$word]
    elif (($below[(I)$word:*])) && _kasbah_command "$path_ $word"; then
      path_="$path_ $word"
    else
      positional+=1
    fi
  done
  word=$words[CURRENT]
  if [[ -n $expects ]]; then
    _kasbah_values $expects
  elif [[ -z $only && $word == --*=* ]]; then
    compset -P '*='
    _kasbah_values ${kinds[${word%%=*}]:-text}
  elif [[ -z $only && $word == -* ]]; then
    _describe -o -t flags flag flags
  elif (($#below && positional == 1)); then
    _describe -t commands command below
  elif (($#values)); then
    ((positional <= $#values)) || positional=$#values
    _kasbah_values $values[positional]
  fi
}

# Either the shell loads this file as the function of the same name, or a user sources it.
if [[ $funcstack[1] == _kasbah ]]; then
  _kasbah "$@"
else
  compdef _kasbah kasbah kasbah-server kasbah-agent
fi
