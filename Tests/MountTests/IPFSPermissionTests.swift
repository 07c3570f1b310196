import Glibc
import MountTestSupport
import Testing

/// Who may use what IPFS knows, with getfattr, setfattr, ls and cat of several users on a real mount: root (0), the
/// user who mounted (1234), and another one (65534).
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct IPFSPermissionTests {
  /// Functions for the scripts. What runs as another user is a program: `as UID COMMAND…`.
  private static let functions = """
    cd "$m"
    as() { local uid=$1; shift; setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"; }
    get() { as "$1" getfattr --only-values --absolute-names -n "user.ipfs.$2" "$3"; }
    set() { as "$1" setfattr -n "user.ipfs.$2" -v "$3" "$4"; }
    unset() { as "$1" setfattr -x "user.ipfs.$2" "$3"; }
    fails() { local text="$1"; shift; if "$@" > /dev/null 2> "$folder/err"; then echo "did not fail: $*" >&2; exit 1; fi
      grep -q "$text" "$folder/err" || { echo "$*: $(cat "$folder/err")" >&2; exit 1; }; }
    denied() { fails 'Permission denied' "$@"; }
    is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'" >&2; exit 1; }; }

    """

  /// Mounts as user 1234, who may open the device and mount, and has a tree with a private file; user 65534 has a
  /// file in a directory that is open to all.
  private func withOwnersMount(_ options: [String], _ body: (Mount) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let home = try folder.makeFolder("home")
      try check(chown(home, 1234, 1234))
      let mount = try Mount(in: folder.path, repo: "\(home)/repo", options: options)
      try check(chown(mount.path, 1234, 1234))
      defer { mount.discard() }
      let launcher = [
        "setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--inh-caps=+sys_admin,+dac_override",
        "--ambient-caps=+sys_admin,+dac_override",
      ]
      let outcome = try Program(launcher + mount.command, environment: mount.environment).wait(seconds: 90)
      try #require(outcome.code == 0, "\(outcome)")
      try mount.noteProcess()
      try run(
        mount,
        """
        as 1234 mkdir tree open
        as 1234 chmod 777 open
        as 1234 bash -c 'umask 077; echo secret > tree/private; echo known > tree/public; chmod 644 tree/public'
        as 65534 bash -c 'echo mine > open/own'
        """)
      try body(mount)
      try mount.stop()
      try mount.shell("setpriv --reuid=1234 --regid=1234 --clear-groups \"$swipfs\" repo verify --repo \"$repo\"")
    }
  }

  private func run(_ mount: Mount, _ script: String) throws {
    try mount.shell(Self.functions + script)
  }

  /// What the owner and root may always do: everything that needs a CID.
  private static let everything = """
    is "$(as $user ls ".ipfs/$cid" | tr '\\n' ' ')" 'private public '
    is "$(as $user cat ".ipfs/$cid/private")" secret
    is "$(get $user "cat.$cid/private" open)" secret
    is "$(get $user cat open/own)" mine
    is "$(get $user cid ".ipfs/$cid/public")" "$(get 0 cid tree/public)"
    as $user bash -c 'echo old > open/target; chmod 600 open/target'
    set $user cat "$cid/private" open/target; is "$(as $user cat open/target)" secret
    unset $user cat open/target; is "$(stat -c %s open/target)" 0
    set $user link.copy "$cid" open
    is "$(as $user cat open/copy/private)" secret; is "$(stat -c %u open/copy/private)" $user
    as $user setfattr -n ipfs.link.short -v "$cid/public" open; is "$(as $user cat open/short)" known
    as $user rm -r open/target open/copy open/short

    """

  @Test func contentByCIDIsForTheOwnerAndRoot() throws {
    try withOwnersMount(["allow_other"]) { mount in
      try run(
        mount,
        """
        cid=$(get 0 cid tree)
        for user in 0 1234; do
        \(Self.everything)
        done
        # The directory is there, and nobody else gets into it, by whatever name.
        is "$(as 65534 stat -c %a .ipfs)" 500
        for path in ".ipfs" ".ipfs/$cid"; do denied as 65534 ls "$path"; done
        for path in "$cid/public" "$cid/private" "$(get 0 cid tree/public)"; do denied as 65534 cat ".ipfs/$path"; done
        for name in user.ipfs ipfs; do
          for path in "$cid" "$cid/public" "$cid/private" none; do
            denied as 65534 getfattr -n "$name.cat.$path" open/own
            denied as 65534 setfattr -n "$name.cat" -v "/ipfs/$path" open/own
            denied as 65534 setfattr -n "$name.link.new" -v "/ipfs/$path" open
          done
          denied as 65534 getfattr -n "$name.cat" open/own
          denied as 65534 setfattr -x "$name.cat" open/own
        done
        is "$(as 65534 cat open/own)" mine; is "$(ls open)" own
        denied get 65534 cid ".ipfs/$cid/public"
        # The files themselves are as their modes say.
        is "$(as 65534 cat tree/public)" known; denied as 65534 cat tree/private
        as 65534 head -1 .stats > /dev/null
        """)
    }
  }

  @Test func contentByCIDIsForAllOnRequest() throws {
    try withOwnersMount(["allow_other", "ipfs=all"]) { mount in
      try run(
        mount,
        """
        cid=$(get 0 cid tree)
        for user in 0 1234 65534; do
        \(Self.everything)
        done
        is "$(as 65534 stat -c %a .ipfs)" 555
        fails 'Read-only' as 0 touch ".ipfs/$cid/new"; denied as 65534 touch ".ipfs/$cid/new"
        # What is in the tree is still as the modes say.
        denied get 65534 cat tree/private
        denied get 65534 cid tree/private
        for name in user.ipfs ipfs; do
          denied as 65534 setfattr -n "$name.cat" -v "$cid/public" tree/private
          denied as 65534 setfattr -n "$name.cat" -v "$cid/private" tree/public
          denied as 65534 setfattr -x "$name.cat" tree/public
          denied as 65534 setfattr -n "$name.link.new" -v "$cid" tree
        done
        is "$(as 1234 cat tree/public)" known; is "$(ls tree | tr '\\n' ' ')" 'private public '
        """)
    }
  }

  /// Reading needs what reading the node needs, and setting and removing what writing to it needs.
  @Test func attributesFollowModes() throws {
    try withOwnersMount(["allow_other"]) { mount in
      try run(
        mount,
        """
        as 1234 bash -c 'cd open; echo 1 > closed; chmod 600 closed; echo 2 > shown; echo 3 > shared; chmod 666 shared
          echo 4 > group; mkdir dir; chmod 755 dir; mkdir blind; chmod 772 blind; ln -s shown link'
        chown 1234:4321 open/group; chmod 664 open/group
        cd open
        for name in cid path local add pin; do denied get 65534 $name closed; done
        for name in cid path local; do
          for file in shown shared dir; do is "$(get 65534 $name $file)" "$(get 0 $name $file)"; done
        done
        for name in user.ipfs ipfs; do
          for file in closed shown dir; do
            for value in recursive direct nonsense; do denied as 65534 setfattr -n $name.pin -v $value $file; done
            denied as 65534 setfattr -n $name.add -v cid-version=0 $file
            denied as 65534 setfattr -n $name.cid -v x $file
            for attribute in pin add cid; do denied as 65534 setfattr -x $name.$attribute $file; done
          done
          # A directory is changed by those who may also search it.
          denied as 65534 setfattr -n $name.pin -v direct blind
        done
        # Nor does leave to read help to take away what the owner pinned.
        for file in shown dir; do
          set 1234 pin recursive $file; denied unset 65534 pin $file
          is "$(get 65534 pin $file)" recursive; unset 1234 pin $file
          fails 'No such attribute' get 65534 pin $file
          set 0 pin direct $file; is "$(get 65534 pin $file)" direct; unset 0 pin $file
        done
        # Those who may write may pin.
        set 65534 pin direct shared; is "$(get 1234 pin shared)" direct; unset 65534 pin shared
        set 65534 add pin=false shared; is "$(get 65534 add shared)" "$(get 65534 cid shared)"; unset 65534 add shared
        member() { setpriv --reuid=65534 --regid=65534 --groups="$1" setfattr -n user.ipfs.pin -v direct group; }
        denied member 4320; member 4321; is "$(get 65534 pin group)" direct
        fails 'not permitted' set 65534 cid x shared
        fails 'not permitted' unset 1234 cid shown
        # A symbolic link has no mode: its owner and root.
        fails 'not permitted' as 65534 setfattr -h -n ipfs.pin -v direct link
        as 1234 setfattr -h -n ipfs.pin -v direct link
        is "$(as 65534 getfattr -h --only-values -n ipfs.pin link)" direct
        fails 'not permitted' as 65534 setfattr -h -x ipfs.pin link
        as 0 setfattr -h -x ipfs.pin link
        """)
    }
  }

  /// A mode that is stored with content gives nobody the rights of an owner who has not given them.
  @Test func storedPrivilegesAreNotTaken() throws {
    try withMount(["allow_other", "ipfs=all"]) { mount in
      try run(
        mount,
        """
        # A UnixFS file of three bytes with mode 6755, written as a file, and its block's CID as a node.
        printf '\\x0a\\x0c\\x08\\x02\\x12\\x03hi\\x0a\\x18\\x03\\x38\\xed\\x1b' > node
        cid=$(get 0 cid node | sed s/^bafkrei/bafybei/)
        is "$(cat ".ipfs/$cid")" hi
        is "$(stat -c %a ".ipfs/$cid")" 555
        mkdir group; chgrp 4321 group; chmod 2777 group
        set 65534 link.program "$cid" group
        is "$(stat -c '%a %u %g' group/program)" '755 65534 4321'
        """)
    }
  }
}
