/// A number for each value of a byte, made once and never freed: for loops that go byte by byte, without a reference
/// to count.
struct ByteTable<Number: BitwiseCopyable & Sendable>: @unchecked Sendable {
  private let numbers: UnsafePointer<Number>

  /// Takes 256 numbers.
  init(_ numbers: [Number]) {
    precondition(numbers.count == 256, "a byte has 256 values")
    let memory = UnsafeMutablePointer<Number>.allocate(capacity: numbers.count)
    memory.initialize(from: numbers, count: numbers.count)
    self.numbers = UnsafePointer(memory)
  }

  /// The number of a byte.
  subscript(byte: UInt8) -> Number {
    @inline(__always) get { numbers[Int(byte)] }
  }
}
