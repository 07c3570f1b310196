import Foundation
import Glibc
import MountTestSupport
import Testing

/// Programs that know nothing of swipfs work with a node as they do with Kubo.
@Suite(.oneAtATime(minutes: 5), .serialized)
struct PythonClientTests {
  private static let scripts = "\(Binaries.checkout)/Tests/PythonClientTests/Scripts"
  private static let environment = "\(Binaries.checkout)/.build/clients"

  /// Runs `body` with the port of a daemon on a new repo; afterwards the daemon ends cleanly and the repo is sound.
  private func withDaemon(_ body: (_ port: String, _ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let repo = "\(folder.path)/repo"
      func swipfs(_ arguments: String...) throws -> Outcome {
        let outcome = try Program([Binaries.swipfs] + arguments + ["--repo", repo]).wait(seconds: 60)
        guard outcome.code == 0 else { throw outcome }
        return outcome
      }
      _ = try swipfs("init")
      // These clients end at versions that are long gone.
      _ = try swipfs("config", "Version.Reported", "0.7.0")
      let daemon = try Program([
        Binaries.swipfs, "daemon", "--address", "/ip4/127.0.0.1/tcp/0", "--repo", repo,
      ])
      var address = ""
      for _ in 0..<600 where address.isEmpty {
        address = (try? String(contentsOfFile: "\(repo)/api", encoding: .utf8)) ?? ""
        usleep(50_000)
      }
      let port = address.split(separator: "/").last?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
      do {
        try body(port, folder.path)
      } catch {
        kill(daemon.pid, SIGTERM)
        let outcome = try daemon.wait(seconds: 30)
        throw Failed(description: "\(error)\n\(outcome)")
      }
      kill(daemon.pid, SIGTERM)
      let outcome = try daemon.wait(seconds: 30)
      #expect(outcome.code == 0, "\(outcome)")
      _ = try swipfs("repo", "verify")
    }
  }

  private struct Failed: Error, CustomStringConvertible {
    let description: String
  }

  @Test func everySectionOfIpfshttpclientWorks() throws {
    try withDaemon { port, folder in
      let outcome = try Program(
        ["\(Self.environment)/bin/python", "\(Self.scripts)/sections.py", "/ip4/127.0.0.1/tcp/\(port)", folder],
        environment: ["PYTHONDONTWRITEBYTECODE": "1", "HOME": folder]
      ).wait(seconds: 120)
      guard outcome.code == 0 else { throw outcome }
      #expect(outcome.output.split(separator: "\n").filter { $0.hasPrefix("ok ") }.count == 17, "\(outcome)")
    }
  }

  @Test(.enabled(if: canMount)) func ipfsAPIMountShowsWhatWasAdded() throws {
    try withDaemon { port, folder in
      let tree = "\(folder)/tree"
      try check(mkdir(tree, 0o755))
      try check(mkdir("\(tree)/below", 0o755))
      try write(Array("a small file\n".utf8), to: "\(tree)/below/small")
      try write([], to: "\(tree)/empty")
      var large: [UInt8] = []
      for number in 0..<800_000 { large += "\(number)\n".utf8 }
      try write(large, to: "\(tree)/large")
      for number in 0..<500 { try write(Array("\(number)".utf8), to: "\(tree)/below/\(number)") }
      let added = try Program([
        Binaries.swipfs, "add", "-r", "-Q", tree, "--api", "/ip4/127.0.0.1/tcp/\(port)",
      ]).wait(seconds: 60)
      let cid = added.output.trimmingCharacters(in: .whitespacesAndNewlines)
      guard added.code == 0 else { throw added }
      let outcome = try Program([
        "\(Self.scripts)/mount.sh", Self.environment, "127.0.0.1", port, cid, tree, "\(folder)/work",
      ]).wait(seconds: 120)
      guard outcome.code == 0 else { throw outcome }
      #expect(outcome.output == "the same\n")
    }
  }
}
