import Foundation
import Glibc
import MountTestSupport
import Testing

/// Local files that commands write and read.
@Suite struct LocalFileTests {
  /// Only a regular file gives its place to a new one.
  @Test func pipesDevicesAndLinksStay() throws {
    try withTool { tool in
      let file = try tool.shell("printf hello | \"$swipfs\" add -Q")
      let folder = try tool.shell("mkdir d; printf a > d/a; \"$swipfs\" add -r -Q d")
      try tool.shell(
        """
        "$swipfs" dag export \(file) > right.car
        mkfifo pipe
        cat pipe > got.car & "$swipfs" dag export \(file) -o pipe; wait; cmp right.car got.car
        cat pipe > got & "$swipfs" get \(file) -o pipe; wait; test "$(cat got)" = hello
        test -p pipe
        "$swipfs" dag export \(file) -o /dev/stdout | cmp - right.car
        test "$("$swipfs" get \(file) -o /dev/stdout)" = hello
        """)
      try tool.shell(
        """
        mkdir kept; printf old > there; ln -s there link; ln -s kept/new dangling
        "$swipfs" get \(file) -o link; test "$(readlink link)" = there; test "$(cat there)" = hello
        "$swipfs" dag export \(file) -o dangling; test "$(readlink dangling)" = kept/new; cmp right.car kept/new
        test "$(ls kept)" = new
        """)
      // Not everybody may make devices, and not every disk lets them be used.
      try tool.shell(
        """
        if mknod null c 1 3 2> errors && (echo > null) 2> errors; then
          "$swipfs" key gen site; "$swipfs" key export site -o null
          "$swipfs" get -a \(folder) -o null; "$swipfs" get \(file) -o null
          code=0; "$swipfs" get \(folder) -o null 2> errors || code=$?
          test $code = \(Code.system); grep 'is a directory' errors
          test -c null
        fi
        """)
    }
  }

  @Test func errorsSayPathAndReason() throws {
    try withTool(initialized: false) { tool in
      // Root may read everything.
      let user = geteuid() == 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []
      func outcome(_ arguments: String...) throws -> Outcome {
        try Program(user + [Binaries.swipfs] + arguments, environment: tool.environment).wait()
      }
      func expectDenied(_ code: Int32, _ text: String, _ outcome: Outcome) {
        #expect(outcome.code == code && outcome.errors == "swipfs: \(text): Permission denied\n", "\(outcome)")
      }
      let file = "\(tool.folder)/f"
      let locked = "\(tool.folder)/locked"
      try tool.shell("printf hello > f; chmod 644 f; mkdir -m 500 locked")
      #expect(try outcome("init").code == 0)
      let added = try outcome("add", "-Q", file)
      #expect(added.code == 0, "\(added)")
      let cid = added.output.trimmingCharacters(in: .newlines)
      expectDenied(Code.system, "cannot make \(locked)/sub", try outcome("get", cid, "-o", "\(locked)/sub/x"))
      expectDenied(Code.repo, "cannot make the repo folder \(locked)/x", try outcome("init", "--repo", "\(locked)/x"))
      try tool.shell("chmod 0 f")
      expectDenied(Code.system, "cannot open \(file)", try outcome("add", file))
      let configuration = "\(tool.folder)/.local/share/swipfs/config"
      try #require(chmod(configuration, 0) == 0)
      expectDenied(Code.repo, "cannot read the configuration \(configuration)", try outcome("id"))
    }
  }
}
