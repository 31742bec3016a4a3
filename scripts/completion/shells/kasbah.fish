# Completion of kasbah, kasbah-server and kasbah-agent for fish. It reads files, but contacts no CA and no cluster.
# Written by `kasbah completion fish`.

# Sets the words of a command: commands and flags as `word<TAB>help`, kinds as `flag=kind`, values as kinds.

#COMMANDS#

set -g __kasbah_codes #CODES#

# Prints the ids of authorities: the names of the directories in the state directory's authorities/.
function __kasbah_authorities
    set -l state $KASBAH_STATE_DIR
    for at in (seq (count $argv))
        switch $argv[$at]
            case --state-dir
                set state $argv[(math $at + 1)]
            case '--state-dir=*'
                set state (string replace -r '^[^=]*=' '' -- $argv[$at])
        end
    end
    if test -z "$state"
        set state /var/lib/kasbah
        set -l home $XDG_STATE_HOME ~/.local/state
        test (id -u) = 0; or set state $home[1]/kasbah
    end
    for folder in $state/authorities/*/
        path basename $folder
    end
end

# Prints the values of a kind. $argv: the kind, what is typed of the value, and the words of the line.
function __kasbah_values
    switch $argv[1]
        case file
            __fish_complete_path $argv[2]
        case directory
            __fish_complete_directories $argv[2] ''
        case program
            complete -C "$argv[2]"
        case code
            printf '%s\n' $__kasbah_codes
        case authority
            __kasbah_authorities $argv[3..]
        case workload
            for file in /etc/kasbah/agent/*.env
                string replace -r '.*/(.*)\.env$' '$1' -- $file
            end
        case context
            kubectl config get-contexts -o name 2>/dev/null
        case 'words:*'
            string split , -- (string replace words: '' -- $argv[1])
    end
end

function __kasbah_kind --no-scope-shadowing
    for kind in $kinds
        if string match -q -- "$argv[1]=*" $kind
            string replace -r '^[^=]*=' '' -- $kind
            return
        end
    end
end

function __kasbah
    set -l line (commandline -opc)
    set -l typed (commandline -ct)
    set -l path (string replace -r '.*/' '' -- $line[1])
    set -l positional 1
    set -l expects
    set -l only
    set -l commands
    set -l flags
    set -l kinds
    set -l values
    __kasbah_command $path; or return
    for word in $line[2..]
        if set -q expects[1]
            set expects
        else if not set -q only[1]; and test "$word" = --
            set only 1
        else if not set -q only[1]; and string match -q -- '-*' $word
            string match -q -- '*=*' $word; or set expects (__kasbah_kind $word)
        else if string match -q -- "$word"\t'*' $commands; and __kasbah_command "$path $word"
            set path "$path $word"
        else
            set positional (math $positional + 1)
        end
    end
    if set -q expects[1]
        __kasbah_values $expects "$typed" $line
    else if not set -q only[1]; and string match -q -- '--*=*' $typed
        set -l flag (string replace -r '=.*' '' -- $typed)
        set -l value (string replace -r '^[^=]*=' '' -- $typed)
        set -l kind (__kasbah_kind $flag)
        set -q kind[1]; and printf "$flag=%s\n" (__kasbah_values $kind "$value" $line)
    else if not set -q only[1]; and string match -q -- '-*' $typed
        printf '%s\n' $flags
    else if set -q commands[1]; and test $positional = 1
        printf '%s\n' $commands
    else if set -q values[1]
        test $positional -le (count $values); or set positional (count $values)
        __kasbah_values $values[$positional] "$typed" $line
    end
end

for program in kasbah kasbah-server kasbah-agent
    complete -c $program -e
    complete -c $program -f -a '(__kasbah)'
end
