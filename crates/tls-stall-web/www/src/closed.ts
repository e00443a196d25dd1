/** Takes WebRTC from the page: the one way to a network that its policy does not bar. */

// Before all else; a worker has none. https://github.com/w3c/webrtc-pc/issues/1727
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
    Reflect.deleteProperty(globalThis, name);
}
