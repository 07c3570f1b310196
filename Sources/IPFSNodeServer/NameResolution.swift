import Multiformats

extension Call {
  /// The CID that a name stands for, and what of the path remains.
  func resolve(name: String, names: ArraySlice<String>) async throws -> (CID, ArraySlice<String>) {
    throw RPCError("could not resolve name")
  }
}
