import Glibc

/// Tells the starts of the machine apart: what a killed process wrote is there as long as the machine has not stopped.
package enum MachineStart {
  /// A number that each start of the machine has of its own; 0 where the system does not tell.
  static func current() -> Int64 {
    let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    var text = [UInt8](repeating: 0, count: 64)
    let count = read(file, &text, text.count)
    return number(of: text.prefix(max(0, count)))
  }

  /// A number that stands for a text as the kernel gives it: a random UUID, whose first 16 digits are enough. 0 for
  /// another text.
  package static func number(of text: ArraySlice<UInt8>) -> Int64 {
    let digits = text.filter { $0 != UInt8(ascii: "-") }.prefix(16)
    return UInt64(String(decoding: digits, as: UTF8.self), radix: 16).map(Int64.init(bitPattern:)) ?? 0
  }
}
