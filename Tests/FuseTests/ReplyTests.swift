import CFuse3
import Foundation
import Fuse
import Glibc
import Logging
import Testing

extension SessionTests {
  @Test func aForgottenReplyIsAnError() async throws {
    var callbacks = Callbacks.table()
    callbacks.readlink = { raw, node in
      guard let raw else { return }
      Dispatcher.start(raw) { operations, context throws(Errno) in
        try await operations.readlink(NodeID(rawValue: node), context)
      } answer: { reply, _ in
        _ = consume reply
      }
    }
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let mount = try await TestMount(
      Session(
        operations: MemoryFileSystem(), configuration: TestMount.configuration(), logger: logger,
        callbacks: callbacks))
    let path = mount.path + "/link"
    try await blocking {
      try check(symlink("target", path))
      var target = [CChar](repeating: 0, count: 16)
      #expect(readlink(path, &target, 16) == -1 && errno == EIO)
    }
    #expect(await mount.stop() == .stopped)
  }
}
