import Foundation
import Synchronization

/// Ctrl-C and its like: the command is told to stop, lets go of its node in good order, and then the process ends as
/// the signal would have ended it. A second signal ends it at once.
///
/// The locks guard what stops the command, and the sources that watch.
enum Interruption {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  private static let stop = Mutex<(@Sendable () -> Void)?>(nil)
  private static let sources = Mutex<[any DispatchSourceSignal]>([])
  private static let received = Atomic<Int32>(0)

  /// Sets what stops the command that runs.
  static func onSignal(_ body: @escaping @Sendable () -> Void) {
    stop.withLock { $0 = body }
  }

  /// Begins to watch for signals.
  static func watch() {
    sources.withLock { sources in
      guard sources.isEmpty else { return }
      for number in signals {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
          guard received.exchange(number, ordering: .relaxed) == 0 else { end(by: number) }
          stop.withLock { $0 }?()
        }
        source.resume()
        sources.append(source)
      }
    }
  }

  /// Whether a signal asked for the end: what fails afterwards fails because of that.
  static var isAsked: Bool { received.load(ordering: .relaxed) != 0 }

  /// Ends the process if a signal asked for that.
  static func endIfAsked() {
    let number = received.load(ordering: .relaxed)
    if number != 0 { end(by: number) }
  }

  /// Ends the process as a signal does.
  static func end(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    raise(number)
    exit(128 + number)
  }
}
