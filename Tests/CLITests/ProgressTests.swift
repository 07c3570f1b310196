import Foundation
import Glibc
import MountTestSupport
import Synchronization
import Testing

/// What a person at a terminal sees, and a program does not.
@Suite struct ProgressTests {
  /// A pseudo-terminal whose other side collects what is written.
  ///
  /// The lock guards what was written.
  private final class Terminal: Sendable {
    let path: String
    /// `TIOCSPTLCK` and `TIOCGPTN`.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let descriptor: CInt
    private let written = Mutex<[UInt8]>([])

    init(columns: UInt16) throws {
      // What openpty(3) does, whose parts are not imported.
      descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      try check(descriptor)
      var lock: CInt = 0
      try check(ioctl(descriptor, Self.unlock, &lock))
      var number: CInt = 0
      try check(ioctl(descriptor, Self.getNumber, &number))
      path = "/dev/pts/\(number)"
      var size: [UInt16] = [24, columns, 0, 0]
      try check(ioctl(descriptor, UInt(TIOCSWINSZ), &size))
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Reads until a process is gone, and returns what was written.
    func collect(while program: pid_t) -> String {
      while true {
        let isOver = !isRunning(program)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        if count > 0 {
          written.withLock { $0 += buffer[..<count] }
        } else if isOver {
          return String(decoding: written.withLock { $0 }, as: UTF8.self)
        } else {
          usleep(2000)
        }
      }
    }
  }

  private func run(_ script: String, in tool: CommandLineTool, columns: UInt16 = 100) throws -> (Outcome, String) {
    let terminal = try Terminal(columns: columns)
    // Keeps the terminal open, so that what was written last is not lost.
    let holder = open(terminal.path, O_RDWR | O_NOCTTY)
    defer { close(holder) }
    let program = try Program(
      ["bash", "-c", "cd \"$folder\"; exec 2>\"\(terminal.path)\"; \(script)"], environment: tool.environment)
    let shown = terminal.collect(while: program.pid)
    return (try program.wait(), shown)
  }

  /// The texts that took each other's place on the status line, and what was left of it at the end.
  private func frames(_ shown: String) -> [Substring] { shown.split(separator: "\r", omittingEmptySubsequences: false) }

  @Test func barsAtATerminal() throws {
    try withTool { tool in
      try tool.shell("mkdir d; for i in 1 2 3; do head -c 4000000 /dev/urandom > d/$i; done")
      let (outcome, shown) = try run("\"$swipfs\" add -r -Q d", in: tool)
      #expect(outcome.code == 0 && outcome.output.hasPrefix("baf") && outcome.output.split(separator: "\n").count == 1)
      #expect(shown.contains("adding  ") && shown.contains("MiB"), "\(shown)")
      // The last thing on the terminal is an empty line.
      #expect(shown.hasSuffix("\r\u{1B}[K"), "\(shown)")
      for frame in frames(shown) {
        #expect(frame.replacing("\u{1B}[K", with: "").count < 100, "\(frame)")
        #expect(!frame.contains("\n"))
      }
      let cid = outcome.output.trimmingCharacters(in: .newlines)
      let (got, gotShown) = try run("\"$swipfs\" get \(cid) -o out && diff -r d out", in: tool)
      #expect(got.code == 0, "\(got)")
      #expect(gotShown.contains("saving  ") && gotShown.contains(" of 11.4 MiB"), "\(gotShown)")
      let (catted, catShown) = try run("\"$swipfs\" cat \(cid)/1 > 1; cmp 1 d/1", in: tool)
      #expect(catted.code == 0 && catShown.contains(" of 3.8 MiB") && catShown.contains("%"), "\(catShown)")
      let (exported, exportShown) = try run("\"$swipfs\" dag export \(cid) > car", in: tool)
      #expect(exported.code == 0 && exportShown.contains("exporting  "), "\(exportShown)")
      let (imported, importShown) = try run("\"$swipfs\" dag import car", in: tool)
      #expect(imported.code == 0 && importShown.contains("importing  ") && importShown.contains("%"), "\(importShown)")
    }
  }

  @Test func noBarWhereItIsNotWanted() throws {
    try withTool { tool in
      try tool.shell("head -c 4000000 /dev/urandom > f")
      for options in ["--no-progress", "--progress=false", "--silent"] {
        let (outcome, shown) = try run("\"$swipfs\" add \(options) f", in: tool)
        #expect(outcome.code == 0 && shown.isEmpty, "\(outcome) \(shown)")
      }
      // A narrow terminal gets what fits.
      let (_, shown) = try run("\"$swipfs\" add f", in: tool, columns: 30)
      for frame in frames(shown) { #expect(frame.replacing("\u{1B}[K", with: "").count < 30, "\(frame)") }
      // No terminal, no bar.
      let piped = try tool.outcome("add", "\(tool.folder)/f")
      #expect(piped.errors.isEmpty && !piped.output.contains("\r"))
    }
  }

  /// Names neither steer the terminal nor look like other lines there; elsewhere they go as they are.
  @Test func namesWithControlCharacters() throws {
    try withTool { tool in
      try tool.shell("mkdir d; printf x > d/$'a\\e[31m\\nb'")
      let cid = try tool.run("add", "-r", "-Q", "--to-files", "/d", "\(tool.folder)/d")
      for command in ["add -r --no-progress d", "ls \(cid)", "files ls /d", "files ls -l /d"] {
        let (outcome, shown) = try run("\"$swipfs\" \(command) >&2", in: tool)
        #expect(outcome.code == 0 && shown.contains(#"a\x1b[31m\nb"#) && !shown.contains("\u{1B}[31m"), "\(shown)")
      }
      #expect(try tool.run("files", "ls", "/d") == "a\u{1B}[31m\nb")
    }
  }

  @Test func errorsStandAlone() throws {
    try withTool { tool in
      try tool.shell("mkdir d; head -c 4000000 /dev/urandom > d/a; mkfifo p")
      // It fails after the bar was drawn: the second file goes meanwhile.
      let (outcome, shown) = try run("(sleep 0.3; printf x) | \"$swipfs\" add d/a - none 2>&2", in: tool)
      #expect(outcome.code == Code.system && shown.contains("swipfs: cannot add none"), "\(outcome) \(shown)")
      let cid = try tool.shell("\"$swipfs\" add -Q d/a")
      let (refused, refusedShown) = try run("\"$swipfs\" get \(cid) -o /dev/null/x", in: tool)
      #expect(refused.code != 0)
      let last = try #require(refusedShown.split(separator: "\n").last { !$0.isEmpty && $0 != "\r" })
      let text = last.replacing("\r", with: "").split(separator: "\u{1B}[K").last ?? ""
      #expect(text.hasPrefix("swipfs: "), "\(refusedShown)")
    }
  }
}
