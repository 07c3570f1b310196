import Dispatch
import Synchronization

/// Runs work that blocks for as long as a disk takes on a thread of its own, so that Swift's few threads stay free.
func offload<T: Sendable, E: Error>(_ work: @escaping @Sendable () throws(E) -> T) async throws(E) -> T {
  let result: Result<T, E> = await withCheckedContinuation { continuation in
    let queue = BlockingQueues.take()
    queue.async {
      let result = Result { () throws(E) in try work() }
      BlockingQueues.giveBack(queue)
      continuation.resume(returning: result)
    }
  }
  return try result.get()
}

/// Queues that each have a thread while they have work.
///
/// On Linux Dispatch's global queues, and concurrent ones, run on as many threads as there are processors, and Swift's
/// tasks on the same ones: two calls that wait for a disk would stop all tasks of a small machine. A serial queue gets a
/// thread beside them, up to 255 in the process; more wait for one.
///
/// The lock guards the list.
private enum BlockingQueues {
  private static let idle = Mutex<[DispatchQueue]>([])

  static func take() -> DispatchQueue {
    idle.withLock { $0.popLast() } ?? DispatchQueue(label: "swipfs.blocking")
  }

  static func giveBack(_ queue: DispatchQueue) {
    idle.withLock { $0.append(queue) }
  }
}
