import Dispatch
import Foundation
import Fuse
import Synchronization

/// A process that mounts and serves, in the foreground or detached from whoever started it.
public final class MountProcess: Sendable {
  /// The lock guards the report that is owed to whoever started the process; it is made once.
  private let starter: Mutex<Daemon?>

  private init(_ starter: consuming Daemon) {
    self.starter = Mutex(starter)
  }

  /// Mounts, and serves until the end.
  ///
  /// Detached, the calling process ends as soon as the mount can be used, or with the failure. To be called before
  /// any thread or task exists.
  ///
  /// - Parameter companion: What serves the node beside the mount.
  public static func run(_ options: MountOptions, companion: MountService.Companion? = nil) -> Never {
    let process: MountProcess
    do throws(FuseError) {
      process = MountProcess(options.isForeground ? .foreground() : try .detach())
    } catch {
      fail("\(error)", .system)
    }
    Task {
      do throws(CommandError) {
        try await MountService(options, companion: companion).run {
          process.isReady($0, isForeground: options.isForeground)
        }
        exit(0)
      } catch {
        process.end(error)
      }
    }
    dispatchMain()
  }

  /// Ends the process with a line on standard error.
  public static func fail(_ message: String, _ exitCode: ExitCode) -> Never {
    FileHandle.standardError.write(Data("mount.swipfs: \(message)\n".utf8))
    exit(exitCode.rawValue)
  }

  private func isReady(_ line: String, isForeground: Bool) {
    if isForeground { print(line) }
    starter.withLock { $0.take() }?.reportReady(line)
  }

  private func end(_ error: CommandError) -> Never {
    starter.withLock { $0.take() }?.reportFailure("mount.swipfs: \(error)", exitCode: UInt8(error.exitCode.rawValue))
    Self.fail(error.description, error.exitCode)
  }
}
