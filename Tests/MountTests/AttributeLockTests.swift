import CFuse3
import Foundation
import Glibc
import MountTestSupport
import Synchronization
import Testing

/// Attributes that have the kernel give up pages and names, while it has files and directories locked for others.
///
/// The kernel locks a file for setxattr and lseek, and a directory for unlink, rename, link and setxattr; and it takes
/// the directory's lock again to give up a name, and sends writes to give up pages. Whoever waits for the wrong one
/// waits for ever.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct AttributeLockTests {
  private static let rounds = 150

  @Test(arguments: [true, false])
  func nobodyWaitsForEver(cachesWrites: Bool) throws {
    try withMount(cachesWrites ? [] : ["writeback=no"]) { mount in
      let root = mount.path
      let directory = "\(root)/dir"
      try check(mkdir(directory, 0o755))
      for number in 0..<2 {
        try write(randomBytes(200_000, seed: UInt64(number)), to: "\(root)/source\(number)")
      }
      let sources = try (0..<2).map { "/ipfs/\(try cid("\(root)/source\($0)"))" }
      let file = "\(directory)/file"
      let written = "\(directory)/written"
      try write([1], to: file)
      try write([1], to: written)

      @Sendable func set(_ name: String, _ value: String, _ path: String) -> Int32 {
        errorNumber { setxattr(path, "user.ipfs.\(name)", value, value.utf8.count, 0) }
      }
      // Each a loop of its own; what it answers is an errno that may be.
      let loops: [(name: String, body: @Sendable (Int) throws -> Int32)] = [
        ("cat", { set("cat", sources[$0 % 2], file) }),
        ("empty", { _ in errorNumber { removexattr(file, "user.ipfs.cat") } }),
        (
          "rename",
          { _ in
            try write([2], to: "\(directory)/new")
            return errorNumber { rename("\(directory)/new", file) }
          }
        ),
        (
          "unlink",
          { number in
            guard number % 4 == 0 else { return 0 }
            unlink(file)
            try write([3], to: file)
            return 0
          }
        ),
        ("pin", { set("pin", $0 % 2 == 0 ? "recursive" : "direct", directory) }),
        ("unpin", { _ in errorNumber { removexattr(directory, "user.ipfs.pin") } }),
        (
          "link",
          { number in
            let result = set("link.linked\(number % 3)", sources[number % 2], directory)
            unlink("\(directory)/linked\((number + 1) % 3)")
            return result
          }
        ),
        (
          "write",
          { number in
            let open = try File(written, O_RDWR)
            try open.write(randomBytes(30_000, seed: UInt64(number)), at: number * 1000)
            _ = lseek(open.descriptor, 0, SeekFlag.hole)
            if number % 3 == 0 { try check(fsync(open.descriptor)) }
            try open.close()
            return 0
          }
        ),
        (
          "seek",
          { number in
            guard let open = try? File(file, O_RDWR) else { return 0 }
            try open.write([4], at: 5000 * number)
            _ = lseek(open.descriptor, 0, SeekFlag.data)
            _ = try? open.close()
            return 0
          }
        ),
        ("add", { set("add", $0 % 2 == 0 ? "cid-version=0" : "pin=false", written) }),
        (
          "cid",
          { number in
            _ = try? cid(number % 2 == 0 ? directory : root)
            return 0
          }
        ),
      ]
      // What others do meanwhile: there is no such name, there is one already, it has no such pin, the node has gone.
      let expected: Set<Int32> = [0, ENOENT, EEXIST, ENODATA, EPERM, ESTALE]
      let ended = DispatchSemaphore(value: 0)
      let state = Mutex((under: Set(loops.map(\.name)), problems: [String]()))
      for loop in loops {
        Thread.detachNewThread {
          for number in 0..<Self.rounds {
            var problem: String?
            do {
              let result = try loop.body(number)
              if !expected.contains(result) { problem = String(cString: strerror(result)) }
            } catch let error as SystemCallError where expected.contains(error.number) {
            } catch { problem = "\(error)" }
            guard let problem else { continue }
            state.withLock { $0.problems.append("\(loop.name) \(number): \(problem)") }
            break
          }
          state.withLock { _ = $0.under.remove(loop.name) }
          ended.signal()
        }
      }
      let deadline = DispatchTime.now() + 120
      var isStuck = false
      for _ in loops where !isStuck { isStuck = ended.wait(timeout: deadline) == .timedOut }
      let end = state.withLock { $0 }
      let log = try mount.log().suffix(20).joined(separator: "\n")
      #expect(end.problems.isEmpty, "\(end.problems.prefix(10))\n\(log)")
      if isStuck {
        // Or the threads would hold the test's process.
        try mount.crash()
        Issue.record("after two minutes these still wait: \(end.under.sorted())")
        throw SystemCallError(number: EDEADLK)
      }
      // What one has set, the next look shows.
      try write([5], to: file)
      for number in 0..<20 {
        try #require(set("cat", sources[number % 2], file) == 0)
        #expect(try read(file) == randomBytes(200_000, seed: UInt64(number % 2)))
      }
    }
  }
}
