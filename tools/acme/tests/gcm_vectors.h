/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Known answers, in hex.
 *
 * esp_vectors: draft-mcgrew-gcm-test-01, "Test Cases for the use of GCM and
 * GMAC in IPsec ESP", section 4, those with keys of 128 and 256 bits. The
 * plaintext ends with the ESP trailer, the ciphertext with the ICV.
 *
 * gcm_vectors: McGrew and Viega, "The Galois/Counter Mode of Operation",
 * appendix B, those with a 96-bit IV (also NIST's reference examples).
 */
#ifndef _ACME_GCM_VECTORS_H
#define _ACME_GCM_VECTORS_H

static const struct esp_vector {
	const char *key;
	const char *salt;
	const char *aad;	/* SPI and sequence number, 32 or 64 bits */
	const char *iv;
	const char *plain;
	const char *cipher;
} esp_vectors[] = {
	{
		.key =
		  "4c80cdefbb5d10da906ac73c3613a634",
		.salt =
		  "2e443b68",
		.aad =
		  "000043218765432100000000",
		.iv =
		  "4956ed7e3b244cfe",
		.plain =
		  "45000048699a000080114db7c0a80102c0a801010a9bf15638d30100"
		  "0001000000000000045f736970045f75647003736970096379626572"
		  "6369747902646b000021000101020201",
		.cipher =
		  "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa"
		  "13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff62"
		  "47aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796"
		  "562dfdb4",
	},
	{
		.key =
		  "feffe9928665731c6d6a8f9467308308",
		.salt =
		  "cafebabe",
		.aad =
		  "0000a5f80000000a",
		.iv =
		  "facedbaddecaf888",
		.plain =
		  "4500003e698f000080114dccc0a80102c0a801010a980035002a2343"
		  "b2d00100000100000000000003736970096379626572636974790264"
		  "6b00000100010001",
		.cipher =
		  "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d"
		  "114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4"
		  "ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
	},
	{
		.key =
		  "abbccddef00112233445566778899aababbccddef001122334455667"
		  "78899aab",
		.salt =
		  "11223344",
		.aad =
		  "4a2cbfe300000002",
		.iv =
		  "0102030405060708",
		.plain =
		  "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0"
		  "000000007002400020bf0000020405b40101040201020201",
		.cipher =
		  "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d"
		  "65a5d763748a637985771d347f0545659f14e99def842d8eb335f4ee"
		  "cfdbf831824b4c4915956c96",
	},
	{
		.key =
		  "00000000000000000000000000000000",
		.salt =
		  "00000000",
		.aad =
		  "0000000000000001",
		.iv =
		  "0000000000000000",
		.plain =
		  "4500003c99c500008001cb7a40679318010101010800075c02004400"
		  "6162636465666768696a6b6c6d6e6f70717273747576776162636465"
		  "6667686901020201",
		.cipher =
		  "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdff"
		  "f5e9a284456476492719ffb64de7d9dca1e1d894bc3bd57873ed4d18"
		  "1d19d4d5c8c18af3f821d496eeb096e98ad2b69e4799c71d",
	},
	{
		.key =
		  "3de09874b388e6491988d0c3607eae1f",
		.salt =
		  "57690e43",
		.aad =
		  "42f67e3f1010101010101010",
		.iv =
		  "4e280000a2fca1a3",
		.plain =
		  "4500003c99c300008001cb7c40679318010101010800085c02004300"
		  "6162636465666768696a6b6c6d6e6f70717273747576776162636465"
		  "6667686901020201",
		.cipher =
		  "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec"
		  "9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d"
		  "1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48",
	},
	{
		.key =
		  "3de09874b388e6491988d0c3607eae1f",
		.salt =
		  "57690e43",
		.aad =
		  "42f67e3f1010101010101010",
		.iv =
		  "4e280000a2fca1a3",
		.plain =
		  "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
		.cipher =
		  "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed"
		  "369f071f35e034be95f112e4e7d05d35",
	},
	{
		.key =
		  "abbccddef00112233445566778899aab",
		.salt =
		  "decaf888",
		.aad =
		  "000001000000000000000001",
		.iv =
		  "cafedebaceface74",
		.plain =
		  "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b"
		  "800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d"
		  "92c963bac046ec959b6266c04722b14923010101",
		.cipher =
		  "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2"
		  "fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e78019"
		  "1f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75"
		  "ff17015769623436",
	},
	{
		.key =
		  "abbccddef00112233445566778899aababbccddef001122334455667"
		  "78899aab",
		.salt =
		  "73616c74",
		.aad =
		  "17405e67156f3126dd0db99b",
		.iv =
		  "616e640169766563",
		.plain =
		  "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbe"
		  "cb71260250101f646d540001",
		.cipher =
		  "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a30"
		  "18d9a57ff4d3a31ce673119e451626c2415771e3b7eebca614c89b35",
	},
	{
		.key =
		  "3de09874b388e6491988d0c3607eae1f",
		.salt =
		  "57690e43",
		.aad =
		  "42f67e3f1010101010101010",
		.iv =
		  "4e280000a2fca1a3",
		.plain =
		  "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb45"
		  "8003025b000001e0001e8c18d65759d52284a0352c71475c8880391c"
		  "764d6e5ee0496b325ae270c03899493915010101",
		.cipher =
		  "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a9"
		  "7d54182800cadb0f68d99ef0e0c0c89ae9bea8884e52d65bc1afd074"
		  "0f742444747b5b39ab533163aad4550ee5160975cdb608c576918960"
		  "9763b8e18caa81e2",
	},
	{
		.key =
		  "abbccddef00112233445566778899aababbccddef001122334455667"
		  "78899aab",
		.salt =
		  "73616c74",
		.aad =
		  "17405e67156f3126dd0db99b",
		.iv =
		  "616e640169766563",
		.plain =
		  "636973636f0172756c657301746865016e6574776501646566696e65"
		  "01746865746563686e6f6c6f67696573017468617477696c6c016465"
		  "66696e65746f6d6f72726f7701020201",
		.cipher =
		  "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508beb"
		  "d2dceb18d0a6df10e5487df074113e14c641024e3e6773d91a62ee42"
		  "9b043a10e3efe6b012a49363412364f8c0cac587f249e56b11e24f30"
		  "e44ccc76",
	},
	{
		.key =
		  "7d773d00c144c525ac619d18c84a3f47",
		.salt =
		  "d9664267",
		.aad =
		  "335467aeffffffff",
		.iv =
		  "43457e9182443bc6",
		.plain =
		  "01020201",
		.cipher =
		  "437f866bcb3f699fe9b0822bac961c4504bef270",
	},
	{
		.key =
		  "abbccddef00112233445566778899aab",
		.salt =
		  "decaf888",
		.aad =
		  "000001000000000000000001",
		.iv =
		  "cafedebaceface74",
		.plain =
		  "746f016265016f72016e6f7401746f0162650001",
		.cipher =
		  "29c9fc69a197d038ccdd14e2ddfcaa0543332164412503524303ed3c"
		  "6c5f283843af8c3e",
	},
	{
		.key =
		  "6c6567616c697a656d6172696a75616e61616e64646f69746265666f"
		  "72656961",
		.salt =
		  "7475726e",
		.aad =
		  "796b6963ffffffffffffffff",
		.iv =
		  "333021696765746d",
		.plain =
		  "45000030da3a00008001df3bc0a80005c0a800010800c6cd02000700"
		  "6162636465666768696a6b6c6d6e6f707172737401020201",
		.cipher =
		  "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39"
		  "b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9d0937ba2"
		  "945f669368661a329fb4c053",
	},
};

static const struct gcm_vector {
	const char *key;
	const char *nonce;
	const char *aad;
	const char *plain;
	const char *cipher;
} gcm_vectors[] = {
	{
		.key =
		  "feffe9928665731c6d6a8f9467308308",
		.nonce =
		  "cafebabefacedbaddecaf888",
		.aad =
		  "",
		.plain =
		  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d"
		  "8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
		  "ba637b391aafd255",
		.cipher =
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
		  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
		  "3d58e091473f59854d5c2af327cd64a62cf35abd2ba6fab4",
	},
	{
		.key =
		  "feffe9928665731c6d6a8f9467308308",
		.nonce =
		  "cafebabefacedbaddecaf888",
		.aad =
		  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		.plain =
		  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d"
		  "8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
		  "ba637b39",
		.cipher =
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
		  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
		  "3d58e0915bc94fbc3221a5db94fae95ae7121a47",
	},
	{
		.key =
		  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f94"
		  "67308308",
		.nonce =
		  "cafebabefacedbaddecaf888",
		.aad =
		  "",
		.plain =
		  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d"
		  "8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
		  "ba637b391aafd255",
		.cipher =
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
		  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
		  "bcc9f662898015adb094dac5d93471bdec1a502270e3cc6c",
	},
	{
		.key =
		  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f94"
		  "67308308",
		.nonce =
		  "cafebabefacedbaddecaf888",
		.aad =
		  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		.plain =
		  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d"
		  "8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
		  "ba637b39",
		.cipher =
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
		  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
		  "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
	},
};

#endif /* _ACME_GCM_VECTORS_H */
