import CFuse3
import Glibc
import MountTestSupport
import Testing

/// Attributes that have IPFS do something, content by its CID, counters, and the commands for pins and garbage, with
/// getfattr and setfattr on a real mount.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct IPFSAttributeTests {
  /// Functions for the scripts.
  private static let functions = """
    cd "$m"
    get() { getfattr --only-values --absolute-names -n "user.ipfs.$1" "$2"; }
    set() { setfattr -n "user.ipfs.$1" -v "$2" "$3"; }
    fails() { local text="$1"; shift; if "$@" 2> "$folder/err"; then echo "did not fail: $*" >&2; exit 1; fi
      grep -q "$text" "$folder/err" || { echo "$*: $(cat "$folder/err")" >&2; exit 1; }; }
    is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'" >&2; exit 1; }; }

    """

  private func run(_ mount: Mount, _ script: String) throws {
    try mount.shell(Self.functions + script)
  }

  @Test func pins() throws {
    try withMount { mount in
      try run(
        mount,
        """
        mkdir dir; head -c 3000000 /dev/urandom > dir/file; echo hello > small
        fails 'No such attribute' get pin small
        set pin direct small; is "$(get pin small)" direct
        set pin recursive dir; is "$(get pin dir)" recursive; is "$(get pin dir/file)" indirect
        fails 'not permitted' setfattr -x user.ipfs.pin dir/file
        fails 'Invalid argument' set pin nonsense small
        fails 'Invalid argument' set pin indirect small
        cid=$(get cid dir)
        rm -r dir
        "$swipfs" repo gc --repo "$repo" > /dev/null
        "$swipfs" pin ls --repo "$repo" --type recursive | grep -q "^$cid recursive"
        setfattr -n user.ipfs.link.back -v "/ipfs/$cid" .
        is "$(get cid back)" "$cid"; is "$(stat -c %s back/file)" 3000000
        is "$(get local back)" true
        cat back/file > /dev/null
        setfattr -x user.ipfs.pin small; fails 'No such attribute' setfattr -x user.ipfs.pin small
        "$swipfs" pin rm --repo "$repo" "$cid"; fails 'No such attribute' get pin back
        "$swipfs" pin add --repo "$repo" --name kept "/ipfs/$cid/file"
        "$swipfs" pin ls --repo "$repo" | grep -q ' recursive kept$'
        """)
      try mount.remount()
      try run(
        mount, "\"$swipfs\" pin ls --repo \"$repo\" --json | grep -q '\"name\":\"kept\"'; is \"$(get local back)\" true"
      )
    }
  }

  @Test func addCatAndLink() throws {
    try withMount { mount in
      try run(
        mount,
        """
        mkdir -p tree/sub; echo hello > tree/a; head -c 2500000 /dev/urandom > tree/sub/b; ln -s a tree/l
        fails 'No such attribute' get add tree
        set add 'cid-version=0&raw-leaves=false&chunker=size-262144' tree
        added=$(get add tree); case "$added" in Qm*) ;; *) exit 1;; esac
        "$swipfs" pin ls --repo "$repo" | grep -q "^$added recursive"
        fails 'Invalid argument' set add 'no-such-option=1' tree
        fails 'Invalid argument' set add 'cid-version=7' tree
        # The content of another, without copying; what was there is gone, and editing goes on from there.
        echo old > copy
        set cat "/ipfs/$added/sub/b" copy
        cmp copy tree/sub/b
        echo more >> copy
        cmp -n 2500000 copy tree/sub/b; is "$(tail -c 5 copy)" more
        is "$(getfattr --only-values -n user.ipfs.cat tree/a)" hello
        is "$(getfattr --only-values -n "user.ipfs.cat.$added/a" .)" hello
        fails 'Argument list too long' get cat tree/sub/b
        fails 'Is a directory' set cat "/ipfs/$added" copy
        fails 'No such file' set cat "/ipfs/$added/none" copy
        fails 'Invalid argument' set cat 'nonsense' copy
        set link.new "$added" .
        diff -r --no-dereference tree new; is "$(get cid new)" "$added"
        fails 'File exists' set link.new "$added" .
        # A directory that others made can be built upon.
        echo x > new/x; get cid new > /dev/null; is "$(cat new/x)" x
        fails 'not permitted' set local true copy
        """)
      try mount.remount()
      try run(mount, "cmp -n 2500000 copy tree/sub/b; is \"$(cat new/x)\" x; get add tree | grep -q ^Qm")
    }
  }

  @Test func contentByItsCID() throws {
    try withMount { mount in
      try run(
        mount,
        """
        mkdir tree; for i in {1..300}; do echo $i > tree/$i; done; mkdir tree/sub; head -c 3000000 /dev/urandom > tree/sub/b
        ln -s sub/b tree/link
        cid=$(get cid tree)
        if ls -A | grep -q ipfs; then exit 1; fi
        diff -r --no-dereference tree ".ipfs/$cid"
        is "$(cat .ipfs/$cid/17)" 17
        is "$(stat -c %i .ipfs/$cid/sub/b)" "$(stat -c %i .ipfs/$cid/sub/b)"
        is "$(ls .ipfs | wc -l)" 0
        fails 'No such file' cat ".ipfs/$cid/none"
        fails 'Read-only' touch ".ipfs/$cid/new"
        fails 'Read-only' rm -f ".ipfs/$cid/17"
        fails 'Read-only' bash -c "echo x > .ipfs/$cid/17"
        fails 'Read-only' mkdir ".ipfs/$cid/dir"
        is "$(get cid .ipfs/$cid/sub)" "$(get cid tree/sub)"
        grep -q '^blocks.written [1-9]' .stats; grep -q '^operations.lookup.count [1-9]' .stats
        """)
    }
  }

  @Test func garbageGoes() throws {
    try withMount { mount in
      try run(
        mount,
        """
        for i in 1 2 3; do head -c 5000000 /dev/urandom > file; get cid file > "$folder/$i"; done
        "$swipfs" repo gc --repo "$repo" --json | grep -q '"blocksRemoved":[1-9]'
        "$swipfs" repo stat --repo "$repo" | grep -q '^stored'
        "$swipfs" repo verify --repo "$repo" | grep -q 'all is well'
        fails 'No such file' setfattr -n user.ipfs.link.gone -v "$(cat "$folder/1")" .
        cat file > /dev/null
        """)
      // Killed while it collects and is written to.
      for round in 1...4 {
        try run(
          mount,
          """
          for i in {1..20}; do head -c 1000000 /dev/urandom > "f$i"; done; head -c 3000000 /dev/urandom > kept; sync -f kept
          cp kept "$folder/kept"
          (for i in {1..20}; do "$swipfs" repo gc --repo "$repo" || exit 0; done) > /dev/null 2>&1 &
          echo $! > "$folder/gc"
          (for i in {1..20}; do head -c 1000000 /dev/urandom > "f$i" || exit 0; done) > /dev/null 2>&1 &
          sleep 0.\(round)
          """)
        try mount.crash()
        // It may have found that nobody serves the repo, and opened it.
        try mount.shell("while kill -0 $(cat \"$folder/gc\") 2> /dev/null; do sleep 0.02; done")
        try mount.start()
        try run(mount, "cmp kept \"$folder/kept\"")
        try mount.stop()
        try mount.verify()
        try mount.start()
      }
    }
  }
}
