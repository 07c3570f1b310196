/// Sizes and names of chunkers.
///
/// The parameters are those of Kubo: <https://docs.ipfs.tech/concepts/file-systems/#chunking> names the options.
extension ImportProfile.Chunker {
  /// The average chunk that Kubo takes where a name has none.
  private static let standardAverage = 256 << 10

  /// Bytes that each chunk but the last has at least.
  public var minimumChunkSize: Int {
    switch self {
    case .fixed(let size): size
    case .rabin(let minimum, _, _): minimum
    case .buzhash: 128 << 10
    }
  }

  /// Bytes that a chunk has at most.
  public var maximumChunkSize: Int {
    switch self {
    case .fixed(let size): size
    case .rabin(_, _, let maximum): maximum
    case .buzhash: 512 << 10
    }
  }

  /// Whether chunks are cut at fixed places, whatever is in them.
  public var isFixed: Bool {
    if case .fixed = self { true } else { false }
  }

  /// Bytes of a chunk in a run of zeros. A window of zeros has the hash zero, in both ways of hashing: it cuts as soon
  /// as it may.
  public var zeroChunkSize: Int { minimumChunkSize }

  /// Reads Kubo's name of a chunker: `size-1048576`, `rabin`, `rabin-AVERAGE`, `rabin-MINIMUM-AVERAGE-MAXIMUM`,
  /// `buzhash`.
  ///
  /// - Throws: `invalidProfile` for another name, or sizes that chunks cannot have.
  public init(name: String) throws(UnixFSError) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.dropFirst().map { Int($0) ?? -1 }
    switch (parts[0], numbers.count) {
    case ("size", 1): self = .fixed(numbers[0])
    case ("rabin", 0): self = Self.rabin(average: Self.standardAverage)
    case ("rabin", 1): self = Self.rabin(average: min(numbers[0], .max / 2))
    case ("rabin", 3): self = .rabin(minimum: numbers[0], average: numbers[1], maximum: numbers[2])
    case ("buzhash", 0): self = .buzhash
    default: throw UnixFSError(.invalidProfile, "unknown chunker \(name)")
    }
    try check()
  }

  /// A third and one and a half of the average are the bounds where none are given.
  private static func rabin(average: Int) -> Self {
    .rabin(minimum: average / 3, average: average, maximum: average + average / 2)
  }

  /// Kubo's name.
  public var name: String {
    switch self {
    case .fixed(let size): "size-\(size)"
    case .rabin(let minimum, let average, let maximum): "rabin-\(minimum)-\(average)-\(maximum)"
    case .buzhash: "buzhash"
    }
  }

  /// Refuses parameters that give no chunks, or chunks that no block can hold.
  func check() throws(UnixFSError) {
    let largest = ImportProfile.maximumChunkSize
    switch self {
    case .fixed(let size):
      guard 1...largest ~= size else {
        throw UnixFSError(.invalidProfile, "chunk size is not between 1 and \(largest)")
      }
    case .rabin(let minimum, let average, let maximum):
      guard RabinTables.window <= minimum, minimum < average, average < maximum, maximum <= largest else {
        throw UnixFSError(
          .invalidProfile,
          "rabin needs \(RabinTables.window) ≤ minimum < average < maximum ≤ \(largest): "
            + "\(minimum), \(average), \(maximum)")
      }
    case .buzhash: break
    }
  }
}
