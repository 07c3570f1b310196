import Foundation
import Glibc
import IPFSMount
import Synchronization
import Testing

/// How `swipfs status` and `swipfs umount` reach a mount.
@Suite struct ControlSocketTests {
  /// A mount that ends some questions after it was asked to. The lock guards its phase.
  private final class Mount: Sendable {
    private struct State {
      var phase = MountStatus.Phase.mounted
      var questionsLeft = 2
    }

    private let state = Mutex(State())
    private let repo: String

    init(repo: String) { self.repo = repo }

    var phase: MountStatus.Phase { state.withLock { $0.phase } }

    func status() -> MountStatus {
      let phase = state.withLock { state in
        if state.phase == .draining {
          state.questionsLeft -= 1
          if state.questionsLeft == 0 { state.phase = .ended }
        }
        return state.phase
      }
      return MountStatus(
        phase: phase, mountPoint: "/mnt", repo: repo, pid: 42, uptime: 1.5, knownNodes: 3, openFiles: 2,
        blocksWritten: 7, bytesWritten: 1 << 40, directoryBlocksEncoded: 5, failure: phase == .ended ? "some" : nil)
    }

    func unmount() -> @Sendable () -> MountStatus {
      state.withLock { $0.phase = .draining }
      return { self.status() }
    }
  }

  private func serve(_ mount: Mount, in folder: String) throws -> ControlServer {
    try ControlServer(
      folder: folder, status: { mount.status() }, unmount: { mount.unmount() },
      mount: { options, isWaitedFor in
        isWaitedFor() ? .share(options.absoluteMountPoint) : .refused(exitCode: 1, "nobody waits")
      })
  }

  private func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  @Test(arguments: [0, 150])
  func statusAndUnmount(depth: Int) throws {
    let parent = try TemporaryFolder()
    // Longer than the address of a socket may be.
    let repo = depth == 0 ? parent.path : "\(parent.path)/\(String(repeating: "d", count: depth))"
    try FileManager.default.createDirectory(atPath: repo, withIntermediateDirectories: true)
    let mount = Mount(repo: repo)
    let server = try serve(mount, in: repo)
    let client = ControlClient(repo: repo)

    let status = try #require(client.status())
    #expect(status == mount.status())
    var information = stat()
    #expect(lstat("\(repo)/control", &information) == 0)
    #expect(information.st_mode & S_IFMT == S_IFSOCK)
    #expect(information.st_mode & 0o077 == 0)

    var phases: [MountStatus.Phase] = []
    let last = client.unmount { phases.append($0.phase) }
    #expect(phases == [.draining, .ended])
    #expect(last?.failure == "some")

    server.stop()
    #expect(!isThere("\(repo)/control"))
    #expect(client.status() == nil)
    #expect(client.unmount() == nil)
  }

  @Test func aSocketThatAKilledProcessLeftIsReplaced() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/control"
    let stale = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    close(stale)
    #expect(isThere(path))
    #expect(ControlClient(repo: folder.path).status() == nil)

    let mount = Mount(repo: folder.path)
    let server = try serve(mount, in: folder.path)
    #expect(ControlClient(repo: folder.path).status()?.phase == .mounted)
    server.stop()
    #expect(!isThere(path))
  }

  @Test func whatIsNoRequestIsNotAnswered() throws {
    let folder = try TemporaryFolder()
    let mount = Mount(repo: folder.path)
    let server = try serve(mount, in: folder.path)
    defer { server.stop() }
    for line in ["\n", "hello\n", "{\"request\":\"format\"}\n", "{\"request\":\"unmount\""] {
      let socket = try #require(ControlSocket.makeSocket())
      #expect(ControlSocket.withAddress(in: folder.path) { connect(socket, $0, $1) } == 0)
      #expect(Glibc.send(socket, line, line.utf8.count, 0) == line.utf8.count)
      shutdown(socket, CInt(SHUT_WR))
      #expect(Array(ControlLines(from: socket)) == [])
      close(socket)
    }
    #expect(mount.phase == .mounted)
    #expect(ControlClient(repo: folder.path).status() != nil)
  }

  /// Waits on a thread of its own: what answers is a task, and the threads for those may all be waiting.
  private func aside<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  @Test func whoeverWantsToMountIsAnswered() async throws {
    let folder = try TemporaryFolder()
    let server = try serve(Mount(repo: folder.path), in: folder.path)
    defer { server.stop() }
    let client = ControlClient(repo: folder.path)
    let options = try MountOptions(arguments: ["-o", "ro,repo=r", "-o", "allow_other", "m"], isCalledByMount: false)
    let place = "\(FileManager.default.currentDirectoryPath)/m"
    #expect(try await aside { client.mount(options) } == .share(place))
    let again = try MountOptions(arguments: options.request, isCalledByMount: false)
    #expect(again.mountPoint == place && again.isReadOnly && again.allowsOther)

    let socket = try #require(ControlSocket.makeSocket())
    defer { close(socket) }
    #expect(ControlSocket.withAddress(in: folder.path) { connect(socket, $0, $1) } == 0)
    let line = #"{"request":"mount","arguments":["-o","nonsense","/m"]}"# + "\n"
    #expect(Glibc.send(socket, line, line.utf8.count, 0) == line.utf8.count)
    let reply = try #require(try await aside { Array(ControlLines(from: socket)).first })
    guard case .refused(1, let reason) = try JSONDecoder().decode(MountReply.self, from: reply) else {
      throw CommandError(.usage, "not refused")
    }
    #expect(reason.contains("nonsense"))
  }

  @Test func noServerIsNoMount() throws {
    let folder = try TemporaryFolder()
    #expect(ControlClient(repo: folder.path).status() == nil)
    #expect(ControlClient(repo: "\(folder.path)/none").status() == nil)
    let options = try MountOptions(arguments: ["/m"], isCalledByMount: false)
    #expect(ControlClient(repo: folder.path).mount(options) == nil)
  }
}
