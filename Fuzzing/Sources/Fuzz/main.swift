// Runs libFuzzer over a group of decoders. `scripts/fuzz` calls it.
//
//   SWIPFS_FUZZ=GROUP Fuzz [libFuzzer's arguments]
//   SWIPFS_FUZZ=GROUP SWIPFS_FUZZ_SEEDS=DIR Fuzz       writes valid inputs into DIR and ends
//
// The first byte of an input says which decoder of the group gets the rest.
import CFuzzer
import DecoderChecks
import Dispatch
import Foundation
import Synchronization

/// Waits for what seldom suspends: libFuzzer knows nothing of tasks.
func wait<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
  let result = Mutex<Result?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task.immediate {
    let value = await body()
    result.withLock { $0 = value }
    done.signal()
  }
  done.wait()
  return result.withLock { $0 }
}

let environment = ProcessInfo.processInfo.environment
let group = environment["SWIPFS_FUZZ"] ?? ""
let checks: [DecoderCheck] = wait { (try? await DecoderCheck.group(group)) ?? [] } ?? []
guard !checks.isEmpty else {
  print("SWIPFS_FUZZ must be one of: \(DecoderCheck.groups.joined(separator: " "))")
  exit(1)
}

if let folder = environment["SWIPFS_FUZZ_SEEDS"] {
  for (number, check) in checks.enumerated() {
    for (index, seed) in check.seeds.enumerated() {
      let name = "\(folder)/\(check.name.replacing(" ", with: "-"))-\(index)"
      try Data([UInt8(number)] + seed).write(to: URL(fileURLWithPath: name))
    }
  }
  exit(0)
}

/// Where libFuzzer's callback, which takes no context, finds the decoders.
enum Checks {
  static let all = Mutex<[DecoderCheck]>([])
}
Checks.all.withLock { $0 = checks }

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
  let input = UnsafeBufferPointer(start: data, count: size)
  let checks = Checks.all.withLock { $0 }
  guard let number = input.first.map(Int.init), number < checks.count else { return -1 }
  let check = checks[number]
  let bytes = Array(input.dropFirst())
  let failure = wait { () -> String? in
    do {
      _ = try await check.run(bytes)
      return nil
    } catch {
      return "\(error)"
    }
  }
  if case .some(.some(let failure)) = failure { fatalError("\(check): \(failure)") }
  return 0
}
exit(status)
