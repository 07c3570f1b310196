import Foundation
import Glibc
import MountTestSupport
import Testing

/// The command line itself: usage, exit codes, errors, completion.
@Suite struct CommandLineTests {
  @Test func wrongUsage() throws {
    try withTool { tool in
      for words in [["bogus"], ["add", "--bogus"], ["files", "cp", "/a"], ["cat"], ["completion", "tcsh"]] {
        let outcome = try Program([Binaries.swipfs] + words, environment: tool.environment).wait()
        #expect(outcome.code == Code.usage && outcome.output.isEmpty && !outcome.errors.isEmpty, "\(outcome)")
      }
      expect(try tool.outcome("id", "--timeout", "soon"), Code.usage, "soon")
      expect(try tool.outcome("id", "--cid-base", "base99"), Code.usage, "base99")
      expect(try tool.outcome("add", tool.folder), Code.usage, "-r")
      expect(try tool.outcome("add", "\(tool.folder)/none"), Code.system, "none")
      expect(try tool.outcome("files", "chmod", "9", "/"), Code.usage, "octal")
      #expect(try tool.run("--version") == (try tool.run("version", "-n")))
      #expect(try tool.run("--help").contains("migrate") == false)
      #expect(try tool.run("repo", "--help").contains("migrate"))
    }
  }

  /// They are not repaired into other names.
  @Test func argumentsThatAreNotUTF8() throws {
    try withTool { tool in
      let outcome = try Shell.outcome(of: "\"$swipfs\" files mkdir $'/b\\xff'", environment: tool.environment)
      expect(outcome, Code.usage, "argument 3", "UTF-8", "mount")
      #expect(try tool.run("files", "ls") == "")
      try tool.run("files", "mkdir", "/späte Grüße")
    }
  }

  @Test func everyCommandHasHelpAndCompletion() throws {
    try withTool(initialized: false) { tool in
      for shell in ["bash", "zsh", "fish"] {
        let script = try tool.run("completion", shell)
        #expect(script.contains("swipfs") && script.contains("migrate") && script.contains("mkdir"))
      }
      try tool.shell("\"$swipfs\" completion bash > c.bash; bash -n c.bash")
    }
  }

  /// Each line of each reading command with `--json` is an object.
  @Test func jsonOfReadingCommands() throws {
    try withTool { tool in
      try tool.shell("mkdir d; printf 'a\\tb' > 'd/x\\ty \"z\"'")
      let cid = try tool.run("add", "-r", "-Q", "--to-files", "/d", "\(tool.folder)/d")
      let commands: [[String]] = [
        ["ls", cid], ["refs", cid], ["refs", "local"], ["resolve", "/ipfs/\(cid)"], ["pin", "ls"], ["pin", "verify"],
        ["pin", "verify", "--verbose"], ["files", "ls"], ["files", "ls", "/d"], ["files", "stat", "/d"],
        ["files", "flush"],
        ["dag", "stat", cid], ["dag", "resolve", cid], ["block", "stat", cid], ["key", "list"], ["repo", "stat"],
        ["repo", "ls"], ["repo", "version"], ["repo", "verify"], ["repo", "gc"], ["id"], ["version"],
        ["version", "--all"], ["config", "show"], ["bootstrap", "list"], ["swarm", "peers"], ["status"],
      ]
      for command in commands {
        let outcome = try Program([Binaries.swipfs] + command + ["--json"], environment: tool.environment).wait()
        #expect(outcome.code == 0, "\(outcome)")
        for line in outcome.output.split(separator: "\n") {
          #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(outcome)")
        }
        #expect(!outcome.output.isEmpty || ["swarm", "status", "bootstrap", "pin"].contains(command[0]), "\(outcome)")
      }
      #expect(try tool.json("files", "ls", "/d", "--json")[0]["name"] as? String == #"x\ty "z""#)
    }
  }

  @Test func readersThatGoAndFullDisks() throws {
    try withTool { tool in
      let cid = try tool.shell("head -c 20000000 /dev/zero | \"$swipfs\" add -Q")
      #expect(try tool.shell("set +o pipefail; \"$swipfs\" cat \(cid) | head -c 5 | wc -c") == "5")
      #expect(try tool.shell("set +o pipefail +e; \"$swipfs\" cat \(cid) | true; echo ${PIPESTATUS[0]}") == "141")
      let outcome = try Shell.outcome(of: "\"$swipfs\" cat \(cid) > /dev/full", environment: tool.environment)
      #expect(outcome.code == Code.system && outcome.errors.contains("No space left"), "\(outcome)")
      #expect(try tool.run("repo", "verify").hasSuffix("all is well"))
    }
  }

  /// What was acknowledged before Ctrl-C is there; the repo is let go of.
  @Test func interruption() throws {
    try withTool { tool in
      let writer = try Program(
        ["bash", "-c", "printf kept | \"$swipfs\" files write --create /kept; exec \"$swipfs\" add < <(sleep 100)"],
        environment: tool.environment)
      defer { kill(-writer.pid, SIGKILL) }
      let deadline = ContinuousClock.now + .seconds(60)
      func command() -> String {
        ((try? String(contentsOfFile: "/proc/\(writer.pid)/cmdline", encoding: .utf8)) ?? "").replacing("\0", with: " ")
      }
      while !command().hasSuffix("swipfs add "), ContinuousClock.now < deadline { usleep(2000) }
      // It has the repo when its lock names it.
      let lock = "\(tool.folder)/.local/share/swipfs/repo.lock"
      while ((try? String(contentsOfFile: lock, encoding: .utf8)) ?? "").contains("\(writer.pid)") == false,
        ContinuousClock.now < deadline
      { usleep(2000) }
      usleep(100_000)
      try writer.signal(SIGINT)
      // Its child still has the pipes.
      var status: Int32 = 0
      var ended: pid_t = 0
      while ended == 0, ContinuousClock.now < deadline {
        ended = waitpid(writer.pid, &status, WNOHANG)
        usleep(2000)
      }
      #expect(ended == writer.pid && status & 0x7F == SIGINT)
      #expect(try tool.run("files", "read", "/kept") == "kept")
      #expect(try tool.run("repo", "verify").hasSuffix("all is well"))
    }
  }
}
