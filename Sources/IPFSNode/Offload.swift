import Dispatch

/// Runs work that blocks for as long as a disk takes on a thread of its own, so that Swift's few threads stay free.
func offload<T: Sendable, E: Error>(_ work: @escaping @Sendable () throws(E) -> T) async throws(E) -> T {
  let result: Result<T, E> = await withCheckedContinuation { continuation in
    DispatchQueue.global().async {
      do throws(E) {
        continuation.resume(returning: .success(try work()))
      } catch {
        continuation.resume(returning: .failure(error))
      }
    }
  }
  return try result.get()
}
